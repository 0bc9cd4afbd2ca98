"""Prints the reference values of stats_test.go. Needs scipy."""
import math

from scipy.stats import binomtest

for b, c in [(2, 8), (10, 25), (30, 60), (200, 260)]:
    print("mcnemar", b, c, repr(binomtest(min(b, c), b + c, 0.5).pvalue))
for hits, n in [(0, 10), (10, 10), (167, 260), (65, 260), (413, 700)]:
    ci = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    print("wilson", hits, n, repr(ci.low), repr(ci.high))
