package p; interface ClosedInterface { }
