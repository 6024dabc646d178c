package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/sundew-ics/sundew/internal/event"
)

// started and changed are what the store needs of the details of "start" and
// "listener" lines (docs/events.md).
type (
	started struct {
		Imported  string // where another sensor's journal came from
		Synthetic bool   // nobody came: it is a demonstration
		Site      struct{ Name string }
		Services  []struct{ Persona, Device, Service, Protocol, Network, Addr string }
	}
	changed struct{ Device, Service, Addr, State string }
)

// status takes a line about the sensor itself: when it listened, and what
// limits what it saw.
func (w *Writer) status(ctx context.Context, r *reading, e *event.Event, fresh bool) error {
	if e.What == "start" {
		if err := w.endEarlier(ctx, r, e, fresh); err != nil {
			return err
		}
	}
	if !fresh || e.What == "redact" && e.Session != "" { // a tombstone has the seq of the session's line that was erased
		return nil
	}
	at := e.Time.UnixNano()
	n, err := w.sql.insert(ctx, putNote, e.Boot, e.Seq, at, r.Name, e.Sensor, e.What, string(e.Detail))
	if err != nil || n == 0 {
		return err
	}
	switch e.What {
	case "start":
		return w.started(ctx, r, e, at)
	case "listener":
		return w.listener(ctx, e, at)
	case "stop":
		return w.sql.exec(ctx, endBoot, at, e.Boot)
	}
	return nil
}

func (w *Writer) started(ctx context.Context, r *reading, e *event.Event, at int64) error {
	var d started
	if json.Unmarshal(e.Detail, &d) != nil {
		return nil
	}
	if d.Synthetic {
		r.Kind = Synthetic
	}
	if d.Imported != "" && r.Note == "" {
		r.Note = clip(d.Imported)
	}
	for _, v := range d.Services {
		if err := w.sql.exec(ctx, putListening, e.Boot, r.Name, e.Sensor, d.Site.Name, v.Persona, v.Device, v.Service, v.Protocol, v.Addr+"/"+v.Network, at); err != nil {
			return err
		}
	}
	return nil
}

// endEarlier ends what a sensor left open when it was killed: a start closes,
// for readers, all that an earlier boot left.
func (w *Writer) endEarlier(ctx context.Context, r *reading, e *event.Event, fresh bool) error {
	for _, s := range r.open {
		if s.sensor == e.Sensor && s.boot != e.Boot {
			if err := w.close(ctx, r, s, s.last, nil); err != nil {
				return err
			}
		}
	}
	if !fresh {
		return nil
	}
	boots := map[string]int64{}
	err := w.sql.each(ctx, earlierBoots, func(rows *sql.Rows) error {
		var b string
		var last int64
		err := rows.Scan(&b, &last)
		boots[b] = max(last, r.lasts[b])
		return err
	}, r.Name, e.Sensor, e.Boot)
	if err != nil {
		return err
	}
	for b, last := range boots { // it listened until its own last line, whoever else wrote after it
		if last == 0 && !r.Last.IsZero() { // a store of before has none
			last = r.Last.UnixNano()
		}
		if err := w.sql.exec(ctx, endBoot, last, b); err != nil {
			return err
		}
	}
	return nil
}

// lives takes a line as a sign that its boot was alive then. What others write in
// its name is none: what was erased, and the head of what retention left.
func (r *reading) lives(e *event.Event) {
	if e.Boot == "" || e.Kind == event.KindStatus && (e.Seq < 0 || e.What == "redact" && e.Session == "") {
		return
	}
	r.lasts[e.Boot] = max(r.lasts[e.Boot], e.Time.UnixNano())
}

// flushLasts writes until when boots are known to have lived.
func (w *Writer) flushLasts(ctx context.Context, r *reading) error {
	for boot, last := range r.lasts {
		key, err := w.books.boots.of(ctx, w.sql, boot)
		if err != nil {
			return err
		}
		if err := w.sql.exec(ctx, setLast, last, key, last); err != nil {
			return err
		}
	}
	clear(r.lasts)
	return nil
}

// listener takes a line about one port: it is closed, or open again.
func (w *Writer) listener(ctx context.Context, e *event.Event, at int64) error {
	var d changed
	if json.Unmarshal(e.Detail, &d) != nil {
		return nil
	}
	for _, network := range []string{"/tcp", "/udp"} {
		var err error
		switch d.State {
		case "down":
			err = w.sql.exec(ctx, endListening, at, e.Boot, d.Device, d.Service, d.Addr+network)
		case "up":
			err = w.sql.exec(ctx, resumeListening, at, e.Boot, d.Device, d.Service, d.Addr+network)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
