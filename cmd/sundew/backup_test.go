package main

import (
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
)

// A seed sealed for a recipient is opened by his identity file, and by no other.
func TestSealedSeed(t *testing.T) {
	files := make([]string, 2)
	var sealed []byte
	for i := range files {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		files[i] = filepath.Join(t.TempDir(), "id")
		if err := os.WriteFile(files[i], []byte("# a comment\n"+id.String()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if sealed, err = seal([]byte("the seed"), id.Recipient()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, file := range files {
		unseal, err := (&restoreCmd{Identity: file}).unsealer()
		if err != nil {
			t.Fatal(err)
		}
		seed, err := unseal(sealed)
		if mine := i == 0; mine != (err == nil) || mine && string(seed) != "the seed" {
			t.Errorf("identity %d: %q, %v", i, seed, err)
		}
	}
}
