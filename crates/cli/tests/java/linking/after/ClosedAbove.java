package p; class ClosedAbove { public ClosedAbove() { } }
