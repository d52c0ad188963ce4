# Jython: a class, a generator, a dictionary.
class Counter:
    def __init__(self):
        self.seen = {}
    def add(self, n):
        self.seen[n % 7] = self.seen.get(n % 7, 0) + n
def squares(count):
    for n in range(count):
        yield n * n
c = Counter()
for n in squares(400):
    c.add(n)
    if n % 1600 == 0:
        print("%d %d" % (n, sum(c.seen.values())))
print(sorted(c.seen.items()))
