package analysis

// Shipped says whether devices are delivered with a pair.
func (r *Rules) Shipped(protocol, user, secret string) bool {
	return r.data.whose(protocol, user, secret) != nil
}
