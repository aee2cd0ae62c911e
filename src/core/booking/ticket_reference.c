/*
 * The reference that a booking's tickets are known by: made once, read back however
 * it is typed.
 */
#include "core/booking/ticket_reference.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/ids.h"

#define REFERENCE_DIGITS 24 /* of a reference */
#define PLACE_DIGITS     2  /* behind it */

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Writes the digits of a reference in groups of four; returns out. */
static char *
reference_text(const char digits[REFERENCE_DIGITS], char out[TICKET_REFERENCE_TEXT])
{
	char *at = out;

	for (int i = 0; i < REFERENCE_DIGITS; i++) {
		if (i > 0 && i % 4 == 0)
			*at++ = '-';
		*at++ = digits[i];
	}
	*at = '\0';
	return out;
}

char *
ticket_reference_new(char out[TICKET_REFERENCE_TEXT])
{
	uint8_t random[REFERENCE_DIGITS];
	char digits[REFERENCE_DIGITS];

	random_bytes(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		digits[i] = crockford[random[i] % 32];
	return reference_text(digits, out);
}

/* The digit that a character stands for; NUL: none. */
static char
reference_digit(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		return '0';
	if (c == 'I' || c == 'L')
		return '1';
	return c != '\0' && strchr(crockford, c) != NULL ? c : '\0';
}

bool
ticket_reference_parse(const char *text, char out[TICKET_REFERENCE_TEXT], int *place)
{
	char digits[REFERENCE_DIGITS + PLACE_DIGITS];
	size_t n = 0;

	assert(text != NULL && place != NULL);
	for (; *text != '\0'; text++) {
		if (*text == '-' || *text == ' ')
			continue;
		if (n == sizeof(digits) || (digits[n++] = reference_digit(*text)) == '\0')
			return false;
	}
	if (n < REFERENCE_DIGITS || (n > REFERENCE_DIGITS && digits[REFERENCE_DIGITS] == '0'))
		return false;
	*place = 0;
	for (size_t i = REFERENCE_DIGITS; i < n; i++) {
		if (digits[i] > '9')
			return false;
		*place = *place * 10 + digits[i] - '0';
	}
	reference_text(digits, out);
	return true;
}
