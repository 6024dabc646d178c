package process

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// An expression is a compiled expression over tags.
type expression struct {
	key, source string // as in process.toml: key = "source"
	want        kind   // boolKind, floatKind (any number) or textKind
	program     *vm.Program
}

// clockNames are the variables that expressions have besides the tags.
func clockNames() [4]string { return [4]string{"dt", "hour", "weekday", "yearday"} }

// A compiler compiles expressions over the tags of one plant.
type compiler struct {
	refs map[string]Ref
	env  map[string]any // a value of each name's type
	opts []expr.Option
	used map[string]bool // the names that any expression reads
}

func newCompiler(tags []Tag, refs map[string]Ref) *compiler {
	c := &compiler{refs: refs, env: make(map[string]any), used: make(map[string]bool)}
	for i := range tags {
		switch tags[i].Type {
		case Bool:
			c.env[tags[i].Name] = false
		case Text:
			c.env[tags[i].Name] = ""
		default:
			c.env[tags[i].Name] = 0.0
		}
	}
	for _, name := range clockNames() {
		c.env[name] = 0.0
	}
	c.opts = append(functions(), expr.Env(c.env), expr.DisableBuiltin("now"), expr.DisableBuiltin("date"))
	return c
}

// functions are those of expressions that expr-lang has not.
func functions() []expr.Option {
	one := func(name string, f func(float64) float64) expr.Option {
		return expr.Function(name, func(in ...any) (any, error) { return f(in[0].(float64)), nil }, f)
	}
	clamp := func(x, lo, hi float64) float64 { return min(max(x, lo), hi) }
	return []expr.Option{
		one("sqrt", math.Sqrt), one("exp", math.Exp), one("log", math.Log), one("sin", math.Sin),
		expr.Function("clamp", func(in ...any) (any, error) {
			return clamp(in[0].(float64), in[1].(float64), in[2].(float64)), nil
		}, clamp),
	}
}

// compile returns the expression that key gives as source to the tag self.
func (c *compiler) compile(key, source, self string, want kind) (*expression, error) {
	names := &resolver{c: c, self: self}
	opts := append(slices.Clone(c.opts), expr.Patch(names))
	program, err := expr.Compile(source, opts...)
	if len(names.unknown) > 0 {
		return nil, c.noTag(key, source, names.unknown[0])
	}
	if err != nil {
		return nil, fmt.Errorf("%s = %q: %w", key, source, err)
	}
	e := &expression{key: key, source: source, want: want, program: program}
	if t := program.Node().Type(); t != nil && t.Kind() != reflect.Interface && !e.fits(t.Kind()) {
		return nil, e.misfit(t.String())
	}
	return e, nil
}

// nameable says why expressions cannot use a tag's name: a keyword, for one.
func (c *compiler) nameable(name string) error {
	tree, err := parser.Parse(name)
	if err == nil {
		if got, ok := chain(tree.Node); ok && got == name {
			return nil
		}
	}
	return errors.New("name: expressions take its first word for something else; rename it")
}

// noTag says that an expression names a tag that is not there, and which is like it.
func (c *compiler) noTag(key, source, name string) error {
	hint := "add a [[tag]] of that name"
	if near := Nearest(name, maps.Keys(c.env)); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return fmt.Errorf("%s = %q: %w named %s: %s", key, source, ErrNoTag, name, hint)
}

func (e *expression) fits(k reflect.Kind) bool {
	switch e.want {
	case boolKind:
		return k == reflect.Bool
	case textKind:
		return k == reflect.String
	}
	return k == reflect.Int || k == reflect.Float64
}

func (e *expression) misfit(got string) error {
	switch e.want {
	case boolKind:
		return fmt.Errorf("%s = %q gives a %s, not true or false: compare it, as in \"x > 0\"", e.key, e.source, got)
	case textKind:
		return fmt.Errorf("%s = %q gives a %s, not a text: write string(…)", e.key, e.source, got)
	}
	return fmt.Errorf("%s = %q gives a %s, not a number: write \"condition ? 1 : 0\"", e.key, e.source, got)
}

// value computes e with a tick's variables.
func (e *expression) value(t *tick) (Value, error) {
	out, err := t.machine.Run(e.program, t.env)
	if err != nil {
		return Value{}, fmt.Errorf("%s = %q: %w", e.key, e.source, err)
	}
	switch out := out.(type) {
	case bool:
		if e.want == boolKind {
			return BoolValue(out), nil
		}
	case float64:
		if e.want == floatKind {
			return FloatValue(out), nil
		}
	case int:
		if e.want == floatKind {
			return FloatValue(float64(out)), nil
		}
	case string:
		if e.want == textKind {
			return TextValue(out), nil
		}
	}
	return Value{}, e.misfit(fmt.Sprintf("%T", out))
}

func (e *expression) number(t *tick) (float64, error) {
	v, err := e.value(t)
	return v.Float(), err
}

func (e *expression) truth(t *tick) (bool, error) {
	v, err := e.value(t)
	return v.Bool(), err
}
