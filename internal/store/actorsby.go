package store

import "context"

// ActorsBy lists sources like Actors, in another order: the most "sessions" or
// "acts", the "last" to come or the "first"; "" and "severity" are Actors' own.
func (s *Store) ActorsBy(ctx context.Context, f Filter, by string, limit int) ([]Actor, error) {
	switch by {
	case "sessions":
		by = "2 DESC"
	case "acts":
		by = "3 DESC"
	case "last":
		by = "5 DESC"
	case "first":
		by = "4"
	default:
		return s.Actors(ctx, f, limit)
	}
	return s.actors(ctx, f, by+", 1", limit)
}
