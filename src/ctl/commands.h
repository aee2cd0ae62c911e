#ifndef ROWLOCK_CTL_COMMANDS_H
#define ROWLOCK_CTL_COMMANDS_H

#include "ctl/ctl.h"

/*
 * Every command of rowlockctl, in the order of its help; the functions of a group are in the file
 * that has its name. Each takes its options and arguments from c, prints what has come of it, and
 * returns the exit status.
 */

int ctl_migrate(struct ctl *c);

int ctl_plan_import(struct ctl *c);
int ctl_plan_list(struct ctl *c);

int ctl_event_create(struct ctl *c);
int ctl_event_list(struct ctl *c);
int ctl_event_open(struct ctl *c);
int ctl_event_close(struct ctl *c);
int ctl_event_cancel(struct ctl *c);

int ctl_check_in(struct ctl *c);

int ctl_refund_list(struct ctl *c);
int ctl_refund_retry(struct ctl *c);
int ctl_refund_done(struct ctl *c);

int ctl_parked_list(struct ctl *c);
int ctl_parked_settle(struct ctl *c);

int ctl_job(struct ctl *c);
/* Lists the jobs that ctl_job knows, and what each does. */
void ctl_job_list(FILE *out);

int ctl_dead_letters_list(struct ctl *c);
int ctl_dead_letters_show(struct ctl *c);
int ctl_dead_letters_replay(struct ctl *c);

int ctl_token(struct ctl *c);
int ctl_config(struct ctl *c);
int ctl_doctor(struct ctl *c);
int ctl_audit(struct ctl *c);

#endif
