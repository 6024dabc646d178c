package store

import "context"

// Generation changes whenever the store has taken more of the journal.
func (s *Store) Generation(ctx context.Context) (string, error) { return s.meta(ctx, metaNext) }
