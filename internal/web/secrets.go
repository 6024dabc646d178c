package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// SecretsFile is the file's name in the data directory.
const SecretsFile = "dashboard.json"

// Cost of a password's hash (RFC 9106, argon2id): 19 MiB for a moment, which a
// machine of 1 GB can spare, one at a time.
const (
	hashMemory = 19 << 10 // KiB
	hashPasses = 2
	hashOctets = 32
	saltOctets = 16
)

// Bounds of a password, in octets.
const (
	minPassword = 12
	maxPassword = 1024
)

// tokenLife is how long the token of the first start can be used.
const tokenLife = time.Hour

// ErrPassword says that a new password will not do.
var ErrPassword = fmt.Errorf("a password has %d to %d octets; a sentence does well", minPassword, maxPassword)

// Secrets are what a visitor of the dashboard must know: the password, of which
// the file has a hash, or, before there is one, the token of this start.
type Secrets struct {
	file string

	mu      sync.Mutex
	kept    kept
	changed time.Time // of the file, when it was read
	token   [sha256.Size]byte
	until   time.Time // the token's end; zero: there is none

	hashing sync.Mutex // one at a time: memory
}

// kept is the file.
type kept struct {
	V    int       `json:"v"`
	Hash string    `json:"hash"` // "$argon2id$v=19$m=19456,t=2,p=1$salt$hash"
	Set  time.Time `json:"set"`
}

// OpenSecrets reads the file in dir, if it is there.
func OpenSecrets(dir string) (*Secrets, error) {
	s := &Secrets{file: filepath.Join(dir, SecretsFile)}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s, s.read()
}

// read reads the file again if it has changed, as `sundew dashboard passwd` does.
func (s *Secrets) read() error {
	info, err := os.Stat(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		s.kept, s.changed = kept{}, time.Time{}
		return nil
	}
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	if info.ModTime().Equal(s.changed) {
		return nil
	}
	b, err := os.ReadFile(s.file)
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	var k kept
	if err := json.Unmarshal(b, &k); err != nil || k.V != 1 || k.Hash == "" {
		return fmt.Errorf("web: %s is damaged: set a password anew with `sundew dashboard passwd`", s.file)
	}
	s.kept, s.changed = k, info.ModTime()
	return nil
}

// Set says whether there is a password, and when it was set.
func (s *Secrets) Set() (at time.Time, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.read()
	return s.kept.Set, s.kept.Hash != "", err
}

// Token makes a token with which one can log in once, within an hour, as long as
// there is no password. An earlier one ends.
func (s *Secrets) Token() string {
	text := rand.Text() // 130 bits
	var words []string
	for ; len(text) > 0; text = text[min(5, len(text)):] {
		words = append(words, text[:min(5, len(text))])
	}
	token := strings.ToLower(strings.Join(words, "-"))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.until = sha256.Sum256([]byte(token)), time.Now().Add(tokenLife)
	return token
}

// useToken says whether a token is right, and ends it if so.
func (s *Secrets) useToken(token string) bool {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(token))))
	s.mu.Lock()
	defer s.mu.Unlock()
	right := subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
	if s.read() != nil || s.kept.Hash != "" || !right || !time.Now().Before(s.until) {
		return false
	}
	s.until = time.Time{}
	return true
}

// check says whether a password is right, in a time that does not depend on it.
func (s *Secrets) check(password string) bool {
	s.mu.Lock()
	err := s.read()
	hash := s.kept.Hash
	s.mu.Unlock()
	s.hashing.Lock()
	defer s.hashing.Unlock()
	defer debug.FreeOSMemory()
	return err == nil && verify(hash, password)
}

// SetPassword keeps the hash of a new password.
func (s *Secrets) SetPassword(password string) error {
	if len(password) < minPassword || len(password) > maxPassword {
		return ErrPassword
	}
	salt := make([]byte, saltOctets)
	rand.Read(salt) // never fails
	s.hashing.Lock()
	sum := argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, 1, hashOctets)
	debug.FreeOSMemory() // the hash took as much as all the rest
	s.hashing.Unlock()
	b64 := base64.RawStdEncoding.EncodeToString
	k := kept{V: 1, Hash: fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, hashMemory, hashPasses, b64(salt), b64(sum)), Set: time.Now().UTC()}
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := replace(s.file, append(text, '\n')); err != nil {
		return fmt.Errorf("web: the password cannot be kept: %w", err)
	}
	s.changed = time.Time{}
	s.until = time.Time{}
	return s.read()
}

// verify compares a password with a hash. A hash that is none costs as much as one.
func verify(hash, password string) bool {
	memory, passes, salt, want, ok := parseHash(hash)
	if !ok {
		memory, passes, salt, want = hashMemory, hashPasses, make([]byte, saltOctets), make([]byte, hashOctets)
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, 1, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && ok
}

func parseHash(hash string) (memory, passes uint32, salt, sum []byte, ok bool) {
	f := strings.Split(hash, "$")
	if len(f) != 6 || f[1] != "argon2id" || f[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return 0, 0, nil, nil, false
	}
	if n, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=1", &memory, &passes); n != 2 || err != nil || memory > 1<<20 || passes == 0 || passes > 100 {
		return 0, 0, nil, nil, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(f[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(f[5])
	return memory, passes, salt, sum, errors.Join(err1, err2) == nil && len(sum) >= 16
}

// replace writes a file whole, for its owner alone.
func replace(file string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".dashboard-") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
