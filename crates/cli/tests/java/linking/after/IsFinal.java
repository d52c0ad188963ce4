package p; public final class IsFinal { }
