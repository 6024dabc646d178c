package analysis

import "github.com/sundew-ics/sundew/internal/event"

// logins follows credentials.
type logins struct {
	secrets  map[string]bool
	pairs    []string
	attempts *seen
	shipped  *seen  // credentials as devices are delivered with
	fixed    *seen  // of these, what their user cannot change
	whose    string // of the first of them
	entered  *seen  // credentials that were accepted
}

// login follows an act with credentials.
func (l *logins) login(d *data, e *event.Event) {
	if attempt(e) {
		l.attempts = l.attempts.add(e.Seq)
	}
	if e.Cred == nil {
		return
	}
	pair := e.Cred.User + "\x00" + e.Cred.Secret
	if l.secrets == nil {
		l.secrets = map[string]bool{}
	}
	if len(l.secrets) < maxRemembered && e.Cred.Secret != "" {
		l.secrets[pair] = true
	}
	if len(l.pairs) < maxRemembered && (len(l.pairs) == 0 || l.pairs[len(l.pairs)-1] != pair) {
		l.pairs = append(l.pairs, pair)
	}
	if e.Op != "user" && e.Op != "rakp_message_1" {
		if of := d.whose(e.Protocol, e.Cred.User, e.Cred.Secret); of != nil {
			l.shipped = l.shipped.add(e.Seq)
			if of.fixed {
				l.fixed = l.fixed.add(e.Seq)
			}
			if l.whose == "" {
				l.whose = of.name
			}
		}
	}
	if e.Outcome == event.Answered && e.Class == event.Auth && e.Cred.Secret != "" {
		l.entered = l.entered.add(e.Seq)
	}
}

// attempt says whether an act is one try to log in, as opposed to a part of it.
func attempt(e *event.Event) bool {
	if e.Class != event.Auth {
		return e.Cred != nil && e.Cred.Secret != "" && e.Outcome != event.Answered
	}
	switch e.Op {
	case "user", "acct", "rein", "logout", "get_session_challenge", "rakp_message_3", "set_session_privilege_level", "clear_password":
		return false
	}
	return true
}
