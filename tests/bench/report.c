/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each target has a time, and after the reference a ratio with its range. */
#define NAME_WIDTH 14
#define TIME_WIDTH 10
#define RATIO_WIDTH 22
#define REQUESTS_WIDTH 10
#define CELL_SIZE 64

struct ratio {
	double median; /* of the median times; so it always lies between the other two */
	double lowest;
	double highest;
};

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct result *result, unsigned rounds)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, result->ns, rounds * sizeof(*sorted));
	qsort(sorted, rounds, sizeof(*sorted), compare);
	return (sorted[(rounds - 1) / 2] + sorted[rounds / 2]) / 2;
}

static struct ratio compute_ratio(
	const struct result *reference, const struct result *result, unsigned rounds)
{
	struct ratio ratio = {.median = median(reference, rounds) / median(result, rounds)};

	for (unsigned i = 0; i < rounds; i++) {
		const double value = reference->ns[i] / result->ns[i];

		if (i == 0 || value < ratio.lowest)
			ratio.lowest = value;
		if (i == 0 || value > ratio.highest)
			ratio.highest = value;
	}
	return ratio;
}

/* Three digits that count. */
static int decimals(double value)
{
	return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

/* A label that is too long widens its column. */
static int time_width(const struct target *target)
{
	const int width = (int)strlen(target->label) + 2;

	return width < TIME_WIDTH ? TIME_WIDTH : width;
}

static void print_time(double ns, int width)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	char cell[CELL_SIZE];
	size_t unit = 0;

	for (; ns >= 999.5 && unit < 3; unit++)
		ns /= 1000;
	snprintf(cell, sizeof(cell), "%.*f %s", decimals(ns), ns, units[unit]);
	printf("%*s", width, cell);
}

static void print_ratio(const struct ratio *ratio)
{
	/* One precision for the three, that of the smallest. */
	const int n = ratio->lowest < 0.0995 ? 3 : decimals(ratio->lowest);
	char cell[CELL_SIZE];

	snprintf(cell, sizeof(cell), "%.*f (%.*f-%.*f)", n, ratio->median, n, ratio->lowest, n,
		ratio->highest);
	printf("%*s", RATIO_WIDTH, cell);
}

static void print_requests(double requests)
{
	if (requests < 0)
		printf("%*s", REQUESTS_WIDTH, "-");
	else
		printf("%*.2f", REQUESTS_WIDTH, requests);
}

static void print_row(const struct row *row, const struct targets *targets,
	const struct result *results, unsigned rounds)
{
	printf("%-*s", NAME_WIDTH, row->name);
	for (size_t i = 0; i < targets->count; i++) {
		const int width = time_width(&targets->at[i]);

		if (results[i].refused || results[0].refused) {
			printf("%*s", i == 0 ? width : width + RATIO_WIDTH + REQUESTS_WIDTH,
				results[i].refused ? "not in this mode" : "no reference");
			continue;
		}
		print_time(median(&results[i], rounds), width);
		if (i > 0) {
			const struct ratio ratio = compute_ratio(&results[0], &results[i], rounds);

			print_ratio(&ratio);
			print_requests(results[i].requests);
		}
	}
	printf("\n");
}

static void print_tsv(
	const struct row *row, const struct result *results, size_t count, unsigned rounds)
{
	fputs(row->name, stdout);
	for (size_t i = 0; i < count; i++) {
		if (results[i].refused)
			fputs("\t-", stdout);
		else
			printf("\t%.1f", median(&results[i], rounds));
		if (i == 0)
			continue;
		if (results[i].refused || results[0].refused) {
			fputs("\t-\t-\t-\t-", stdout);
		} else {
			const struct ratio ratio = compute_ratio(&results[0], &results[i], rounds);

			printf("\t%.4f\t%.4f\t%.4f", ratio.median, ratio.lowest, ratio.highest);
			if (results[i].requests < 0)
				fputs("\t-", stdout);
			else
				printf("\t%.3f", results[i].requests);
		}
	}
	printf("\n");
}

void report_heading(const struct targets *targets, unsigned rounds)
{
	const char *reference = targets->at[0].label;

	printf("Time per operation, median of %u rounds. Ratio: speed relative to %s\n"
	       "(%s time / its time), higher is better; in brackets its range over the rounds.\n"
	       "Requests: what one operation asks of the daemon.\n\n",
		rounds, reference, reference);
	printf("%-*s%*s", NAME_WIDTH, "row", time_width(&targets->at[0]), reference);
	for (size_t i = 1; i < targets->count; i++)
		printf("%*s%*s%*s", time_width(&targets->at[i]), targets->at[i].label, RATIO_WIDTH,
			"ratio (range)", REQUESTS_WIDTH, "requests");
	printf("\n");
}

void report_row(const struct row *row, const struct targets *targets, const struct result *results,
	unsigned rounds, bool tsv)
{
	if (tsv)
		print_tsv(row, results, targets->count, rounds);
	else
		print_row(row, targets, results, rounds);
}
