package http

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/http/wire"
)

// settings is the service's file.
type settings struct {
	Version    string   `toml:"version"`    // of status lines: "HTTP/1.0", "HTTP/1.1", or "same" as the request's
	Reasons    *bool    `toml:"reasons"`    // false: status lines without a reason phrase
	Head       []string `toml:"head"`       // the lines of a head, in order
	Date       string   `toml:"date"`       // layout of {date}
	Upper      bool     `toml:"date_upper"` // {date} in capitals, as VxWorks servers have it
	Connection []string `toml:"connection"` // words of {connection} for a kept and a closed connection
	KeepAlive  bool     `toml:"keep_alive"`
	Requests   int      `toml:"requests"` // on one kept connection; 0: no limit
	Methods    []string `toml:"methods"`
	Simple     string   `toml:"simple"` // HTTP/0.9: "body", or "refuse" with the line status
	Continue   *bool    `toml:"continue"`
	IgnoreCase bool     `toml:"ignore_case"` // of paths
	Zone       string   `toml:"zone"`        // of the times on pages; default UTC

	Idle     process.Duration `toml:"idle"`
	HeadTime process.Duration `toml:"head_time"` // for a whole head, however slow its octets come
	BodyTime process.Duration `toml:"body_time"`
	KeepTime process.Duration `toml:"keep_time"` // between requests

	MaxLine   int   `toml:"max_line"`
	MaxFields int   `toml:"max_fields"`
	MaxCount  int   `toml:"max_count"`
	MaxBody   int64 `toml:"max_body"`

	Refuse      refuse      `toml:"refuse"`
	TLS         bool        `toml:"tls"`
	Versions    []string    `toml:"tls_versions"` // least and greatest: ["1.0", "1.2"]
	Certificate certificate `toml:"certificate"`

	Basic  basic      `toml:"basic"`
	Login  login      `toml:"login"`
	User   []user     `toml:"user"`
	Page   []pageSpec `toml:"page"`
	Error  []pageSpec `toml:"error"`
	Form   []formSpec `toml:"form"`
	Upload []upSpec   `toml:"upload"`
}

// refuse names the statuses with which requests are refused; -1 hangs up in silence.
type refuse struct {
	Line      int `toml:"line"`
	Header    int `toml:"header"`
	Version   int `toml:"version"`
	URI       int `toml:"uri"`
	Fields    int `toml:"fields"`
	Body      int `toml:"body"`       // too long
	Framing   int `toml:"framing"`    // of the body
	Method    int `toml:"method"`     // not in methods
	NotHere   int `toml:"not_here"`   // a method that this path has not
	Traversal int `toml:"traversal"`  // "..": default that of a path that is not there
	NotFound  int `toml:"not_found"`  //
	Unwritten int `toml:"not_stored"` // an upload to a path that takes none
}

// pageSpec is a [[page]] or an [[error]].
type pageSpec struct {
	Path     string             `toml:"path"`
	Query    []string           `toml:"query"` // terms that must all be among the query's
	Methods  []string           `toml:"methods"`
	Alias    string             `toml:"alias"` // the path of the page to answer with
	File     string             `toml:"file"`
	Body     string             `toml:"body"`
	Values   []string           `toml:"values"` // tags, as a JSON, XML or text document by type
	Type     string             `toml:"type"`
	Template bool               `toml:"template"`
	Status   int                `toml:"status"`
	Reason   *string            `toml:"reason"`
	Location string             `toml:"location"`
	Headers  []string           `toml:"headers"` // in the place of {page}
	Head     []string           `toml:"head"`    // instead of the service's
	Delay    []process.Duration `toml:"delay"`   // one, or least and greatest
	Chunks   []int              `toml:"chunks"`
	Trailers []string           `toml:"trailers"`
	Auth     string             `toml:"auth"`  // "form" or "basic"
	Class    string             `toml:"class"` // instead of read or identify
}

// formSpec is a [[form]]: what is posted there is written to tags.
type formSpec struct {
	Path    string      `toml:"path"`
	Methods []string    `toml:"methods"`
	Auth    string      `toml:"auth"`
	Class   string      `toml:"class"`
	Fields  []fieldSpec `toml:"fields"`
	Done    string      `toml:"done"`   // Location after a write
	Failed  string      `toml:"failed"` // Location after none
	Status  int         `toml:"status"` // of these redirections
}

// fieldSpec binds a field of a form to a tag.
type fieldSpec struct {
	Name   string            `toml:"name"`
	Tag    string            `toml:"tag"`
	Min    *float64          `toml:"min"`
	Max    *float64          `toml:"max"`
	Values map[string]string `toml:"values"` // what the field's values mean: { start = "true" }; none other is taken
}

// upSpec is an [[upload]]: what is posted or put there is kept as an artefact.
type upSpec struct {
	Path   string `toml:"path"`
	Auth   string `toml:"auth"`
	Class  string `toml:"class"`
	Done   string `toml:"done"`
	Failed string `toml:"failed"` // where nothing came
	Status int    `toml:"status"` // of these redirections
}

// basic is RFC 7617 authentication.
type basic struct {
	Realm string `toml:"realm"`
}

// login is a login form with a cookie.
type login struct {
	Path    string           `toml:"path"`   // where the form is posted
	Page    string           `toml:"page"`   // where a visitor without a login is sent
	User    string           `toml:"user"`   // the field of the name
	Secret  string           `toml:"secret"` // the field of the password
	Done    string           `toml:"done"`
	Failed  string           `toml:"failed"`
	Logout  string           `toml:"logout"`
	Cookie  string           `toml:"cookie"`  // name
	Options string           `toml:"options"` // behind the value: "path=/; HttpOnly"
	Session process.Duration `toml:"session"`
	Status  int              `toml:"status"` // of redirections
}

// A user may log in. Default marks the pairs that the manufacturer ships.
type user struct {
	Name    string `toml:"name"`
	Secret  string `toml:"secret"`
	Default bool   `toml:"default"`
}

// defaults are the settings of a plain HTTP/1.1 server.
func defaults() settings {
	return settings{
		Version: "HTTP/1.1",
		Head: []string{"Date: {date}", "{page}", "Location: {location}", "Set-Cookie: {cookie}", "WWW-Authenticate: {auth}", "Allow: {allow}",
			"Content-Type: {type}", "Content-Length: {length}", "Connection: {connection}"},
		Date:       "Mon, 02 Jan 2006 15:04:05 GMT", // RFC 9110 §5.6.7
		Connection: []string{"keep-alive", "close"},
		Methods:    []string{"GET", "HEAD", "POST"},
		Simple:     "refuse",
		Idle:       process.Duration(60 * time.Second), HeadTime: process.Duration(30 * time.Second),
		BodyTime: process.Duration(120 * time.Second), KeepTime: process.Duration(15 * time.Second),
		MaxLine: wire.DefaultLimits().Line, MaxFields: wire.DefaultLimits().Fields, MaxCount: wire.DefaultLimits().Count, MaxBody: 8 << 20,
		Refuse: refuse{Line: 400, Header: 400, Version: 505, URI: 414, Fields: 431, Body: 413, Framing: 400, Method: 501, NotHere: 405, Traversal: 0, NotFound: 404, Unwritten: 405},
		Login:  login{User: "user", Secret: "password", Cookie: "SID", Options: "path=/", Session: process.Duration(20 * time.Minute), Status: 302},
	}
}

// check says what is wrong with the settings as a whole.
func (c *settings) check() error {
	if !slices.Contains([]string{"HTTP/1.0", "HTTP/1.1", "same"}, c.Version) {
		return fmt.Errorf("version: %q is none of \"HTTP/1.0\", \"HTTP/1.1\" and \"same\"", c.Version)
	}
	if c.Simple != "body" && c.Simple != "refuse" {
		return fmt.Errorf("simple: %q is neither \"body\" nor \"refuse\"", c.Simple)
	}
	if len(c.Connection) != 2 {
		return errors.New("connection: give two words, for a kept and for a closed connection")
	}
	if c.MaxLine < 64 || c.MaxFields < 64 || c.MaxCount < 1 || c.MaxBody < 0 {
		return errors.New("max_line, max_fields: give at least 64 octets; max_count: at least 1")
	}
	for _, auth := range c.auths() {
		switch {
		case auth == "" || auth == "form" && c.Login.Path != "" && c.Login.Page != "" || auth == "basic" && c.Basic.Realm != "":
		case auth == "form":
			return errors.New("auth: \"form\" needs [login] with path and page")
		case auth == "basic":
			return errors.New("auth: \"basic\" needs [basic] with a realm")
		default:
			return fmt.Errorf("auth: %q is neither \"form\" nor \"basic\"", auth)
		}
	}
	for i, m := range c.Methods {
		if m != strings.ToUpper(m) {
			return fmt.Errorf("methods: %q (number %d) is not in capitals", m, i+1)
		}
	}
	return nil
}

func (c *settings) auths() (all []string) {
	for _, p := range c.Page {
		all = append(all, p.Auth)
	}
	for _, f := range c.Form {
		all = append(all, f.Auth)
	}
	for _, u := range c.Upload {
		all = append(all, u.Auth)
	}
	return all
}
