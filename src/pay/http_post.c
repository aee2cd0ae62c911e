/* Signed JSON messages over HTTP, several at once in one thread (curl's multi interface). */
#include "pay/http_post.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pay/signature.h"

#define CONNECT_MS 2000L
#define WHOLE_MS   5000L
#define LOOK_MS    1000 /* between two looks at what has happened, at the most */

/* One transfer at a time; its connection is kept for the next. */
struct slot {
	TALLOC_CTX *ctx; /* owns the answers */
	CURL *easy;
	struct curl_slist *headers;
	struct http_post *post;
};

/* curl_global_init(3) is not safe beside itself. */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		abort();
}

/* libcurl has more of an answer; anything but n ends the transfer. */
static size_t
on_answer(char *data, size_t size, size_t n, void *arg)
{
	struct slot *s = arg;
	struct http_post *p = s->post;

	assert(size == 1 && p != NULL); /* CURLOPT_WRITEFUNCTION(3) */
	assert(p->answer_len <= POST_ANSWER_MOST);
	if (p->answer_len + n > POST_ANSWER_MOST)
		return 0;
	p->answer = talloc_realloc_size(s->ctx, p->answer, p->answer_len + n);
	memcpy(p->answer + p->answer_len, data, n);
	p->answer_len += n;
	return n;
}

/* What all transfers of a slot have in common: no redirects, no proxy, no signals, time limits. */
static void
prepare(struct slot *s, TALLOC_CTX *ctx)
{
	s->ctx = ctx;
	if ((s->easy = curl_easy_init()) == NULL)
		abort();
	curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
	curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(s->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(s->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(s->easy, CURLOPT_USERAGENT, "rowlock");
	curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, WHOLE_MS);
	curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
}

/* Hands a message over to libcurl. */
static void
begin(CURLM *multi, struct slot *s, struct http_post *post, const char *secrets)
{
	static const char name[] = SIGNATURE_HEADER ": ";
	char line[sizeof(name) + SIGNATURE_TEXT] = SIGNATURE_HEADER ": ";
	const char *signature;

	assert(s->post == NULL && s->headers == NULL);
	assert(post->url != NULL && post->body != NULL);
	s->post = post;
	signature = signature_make(secrets, clock_now_us() / US_PER_S, post->body, post->len,
	                           line + sizeof(name) - 1);
	assert(signature != NULL); /* the caller has a secret */
	s->headers = curl_slist_append(NULL, "Content-Type: application/json");
	s->headers = curl_slist_append(s->headers, "Expect:"); /* no 100-continue */
	s->headers = curl_slist_append(s->headers, line);
	curl_easy_setopt(s->easy, CURLOPT_URL, post->url);
	curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->len);
	curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, post->body);
	curl_multi_add_handle(multi, s->easy);
}

/* Takes a message back, and says what became of it. */
static void
finish(CURLM *multi, struct slot *s, CURLcode code)
{
	struct http_post *p = s->post;
	long status = 0;

	assert(p != NULL);
	p->trouble = code == CURLE_OK ? NULL : curl_easy_strerror(code);
	p->cut = code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR ||
	         code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
	if (code == CURLE_OK)
		curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	p->status = (int)status;
	curl_multi_remove_handle(multi, s->easy);
	curl_slist_free_all(s->headers);
	s->headers = NULL;
	s->post = NULL;
}

/* One that has ended, and its slot; NULL: none has. */
static struct slot *
next_ended(CURLM *multi, CURLcode *code)
{
	struct slot *s;
	CURLMsg *m;
	int left;

	do {
		if ((m = curl_multi_info_read(multi, &left)) == NULL)
			return NULL;
	} while (m->msg != CURLMSG_DONE);
	*code = m->data.result;
	curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
	return s;
}

void
http_post_all(TALLOC_CTX *ctx, const char *secrets, struct http_post *posts, size_t n)
{
	const size_t width = n < POST_PARALLEL ? n : POST_PARALLEL;
	struct slot slots[POST_PARALLEL] = { 0 }, *s;
	size_t begun = 0, ended = 0;
	CURLM *multi;
	CURLcode code;
	int running;

	assert(secrets != NULL && (posts != NULL || n == 0));
	pthread_once(&once, init);
	if ((multi = curl_multi_init()) == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		posts[i] = (struct http_post){ .url = posts[i].url,
			                       .body = posts[i].body,
			                       .len = posts[i].len,
			                       .trouble = "not sent" };
	for (; begun < width; begun++) {
		prepare(&slots[begun], ctx);
		begin(multi, &slots[begun], &posts[begun], secrets);
	}
	while (ended < n && curl_multi_perform(multi, &running) == CURLM_OK) {
		for (; (s = next_ended(multi, &code)) != NULL; ended++) {
			finish(multi, s, code);
			if (begun < n)
				begin(multi, s, &posts[begun++], secrets);
		}
		if (ended < n)
			curl_multi_poll(multi, NULL, 0, LOOK_MS, NULL);
	}
	for (size_t i = 0; i < width; i++) { /* transfers are left only when curl failed */
		if (slots[i].post != NULL)
			finish(multi, &slots[i], CURLE_FAILED_INIT);
		curl_easy_cleanup(slots[i].easy);
	}
	curl_multi_cleanup(multi);
}
