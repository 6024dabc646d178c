package store

import "testing"

func TestUnnamed(t *testing.T) {
	for q, want := range map[string]string{
		"SELECT 1": "SELECT 1", "a $1, $2": "a ?, ?", several("INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT", 6, 2): "INSERT INTO t (a, b) VALUES (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?) ON CONFLICT",
		"a $1, $1": "a $1, $1", "a $2, $1": "a $2, $1", "a $1, $20": "a $1, $20", "a $1 '$'": "a $1 '$'",
	} {
		if got := unnamed(q); got != want {
			t.Errorf("%q becomes %q, want %q", q, got, want)
		}
	}
}
