// Rhino: closures, sorting, regular expressions, JSON.
function numbers(count) {
    var seed = 17, made = [];
    for (var n = 0; n < count; n++) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        made.push(seed % 10000);
    }
    return made;
}
for (var round = 1; round <= 20; round++) {
    var sorted = numbers(round * 200).sort(function (a, b) { return a - b; });
    var sum = sorted.reduce(function (a, b) { return a + b; }, 0);
    print(round + " " + sorted[0] + " " + sorted[sorted.length - 1] + " " + sum);
}
print(JSON.stringify({ text: "a-b-c".replace(/-/g, "+"), list: [1, 2, 3] }));
