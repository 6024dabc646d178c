package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCmd prints a completion script for a shell.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"${enum}"`
}

// Run implements kong's command. The script is made from the command line's own
// model, so that it never lags behind it.
func (c *completionCmd) Run(k *kong.Context, t *terminal) error {
	commands := completions(k.Model.Node, nil)
	switch c.Shell {
	case "fish":
		return fishCompletion(t, commands)
	case "zsh":
		return zshCompletion(t, commands)
	}
	return bashCompletion(t, commands)
}

// completion is what may follow the words of a command.
type completion struct {
	words []string
	help  string
	next  []string
}

func completions(n *kong.Node, words []string) []completion {
	here := completion{words: words, help: n.Help}
	var out []completion
	for _, child := range n.Children {
		if child.Hidden {
			continue
		}
		here.next = append(here.next, child.Name)
		out = append(out, completions(child, append(words[:len(words):len(words)], child.Name))...)
	}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			here.next = append(here.next, "--"+f.Name)
		}
	}
	return append([]completion{here}, out...)
}

func bashCompletion(t *terminal, commands []completion) error {
	var b strings.Builder
	b.WriteString("_sundew() {\n  local words=\"\" w next\n")
	b.WriteString("  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do case \"$w\" in -*) ;; *) words=\"${words:+$words }$w\" ;; esac; done\n")
	b.WriteString("  case \"$words\" in\n")
	for i := len(commands) - 1; i >= 0; i-- { // the longest first
		c := commands[i]
		pattern := "*"
		if len(c.words) > 0 {
			pattern = fmt.Sprintf("%q*", strings.Join(c.words, " "))
		}
		fmt.Fprintf(&b, "    %s) next=%q ;;\n", pattern, strings.Join(c.next, " "))
	}
	b.WriteString("  esac\n  COMPREPLY=($(compgen -W \"$next\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F _sundew sundew\n")
	_, err := fmt.Fprint(t.out, b.String())
	return err
}

// zshCompletion works both as a file _sundew in fpath and sourced.
func zshCompletion(t *terminal, commands []completion) error {
	var b strings.Builder
	b.WriteString("#compdef sundew\n_sundew() {\n  local typed=\"\" w\n  local -a next\n")
	b.WriteString("  for w in \"${(@)words[2,CURRENT-1]}\"; do case \"$w\" in -*) ;; *) typed=\"${typed:+$typed }$w\" ;; esac; done\n")
	b.WriteString("  case \"$typed\" in\n")
	for i := len(commands) - 1; i >= 0; i-- { // the longest first
		c := commands[i]
		pattern := "*"
		if len(c.words) > 0 {
			pattern = fmt.Sprintf("%q*", strings.Join(c.words, " "))
		}
		fmt.Fprintf(&b, "    %s) next=(%s) ;;\n", pattern, strings.Join(c.next, " "))
	}
	b.WriteString("  esac\n  compadd -a next\n  _files\n}\n")
	b.WriteString("if [ \"${funcstack[1]}\" = _sundew ]; then _sundew \"$@\"; else compdef _sundew sundew; fi\n")
	_, err := fmt.Fprint(t.out, b.String())
	return err
}

func fishCompletion(t *terminal, commands []completion) error {
	var b strings.Builder
	for _, c := range commands {
		condition := "__fish_use_subcommand"
		if len(c.words) > 0 {
			condition = "__fish_seen_subcommand_from " + c.words[len(c.words)-1]
		}
		for _, n := range c.next {
			if flag, ok := strings.CutPrefix(n, "--"); ok {
				fmt.Fprintf(&b, "complete -c sundew -n '%s' -l %s\n", condition, flag)
			} else {
				fmt.Fprintf(&b, "complete -c sundew -f -n '%s' -a %s\n", condition, n)
			}
		}
	}
	_, err := fmt.Fprint(t.out, b.String())
	return err
}
