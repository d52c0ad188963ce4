// Groovy: closures, ranges, string templates, maps.
def sums = [:].withDefault { 0 }
(1..200).each { n -> sums[n % 7] += n * n; if (n % 20 == 0) println "$n ${sums.values().sum()}" }
println sums.sort()
println((1..5).collect { it * it }.inject(0) { a, b -> a + b })
