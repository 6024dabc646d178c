package analysis

// Shipped says whether a pair is one that devices are delivered with.
func Shipped(user, secret string) bool { return shipped(user, secret) }
