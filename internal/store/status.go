package store

import (
	"context"
	"encoding/json"

	"github.com/sundew-ics/sundew/internal/event"
)

// started and changed are what the store needs of the details of "start" and
// "listener" lines (docs/events.md).
type (
	started struct {
		Site     struct{ Name string }
		Services []struct{ Persona, Device, Service, Protocol, Network, Addr string }
	}
	changed struct{ Device, Service, Addr, State string }
)

// status takes a line about the sensor itself: when it listened, and what
// limits what it saw.
func (w *writer) status(ctx context.Context, e *event.Event) error {
	if e.What == "redact" && e.Session != "" {
		return nil // a tombstone: it has the seq of the session's line that was erased
	}
	at := e.Time.UnixNano()
	n, err := w.sql.insert(ctx, putNote, e.Boot, e.Seq, at, e.Sensor, e.What, string(e.Detail))
	if err != nil || n == 0 {
		return err
	}
	switch e.What {
	case "start":
		if err := w.endEarlier(ctx, e.Sensor, e.Boot); err != nil {
			return err
		}
		var d started
		if json.Unmarshal(e.Detail, &d) != nil {
			return nil
		}
		for _, v := range d.Services {
			if err := w.sql.exec(ctx, putListening, e.Boot, e.Sensor, d.Site.Name, v.Persona, v.Device, v.Service, v.Protocol, v.Addr+"/"+v.Network, at); err != nil {
				return err
			}
		}
	case "listener":
		var d changed
		if json.Unmarshal(e.Detail, &d) != nil || d.State != "down" {
			return nil
		}
		for _, network := range []string{"/tcp", "/udp"} {
			if err := w.sql.exec(ctx, endListening, at, e.Boot, d.Device, d.Service, d.Addr+network); err != nil {
				return err
			}
		}
	case "stop":
		return w.sql.exec(ctx, endBoot, at, e.Boot)
	}
	return nil
}

// endEarlier ends what a sensor left open when it was killed: a start closes,
// for readers, all that an earlier boot left.
func (w *writer) endEarlier(ctx context.Context, sensor, boot string) error {
	for id, s := range w.open {
		if s.sensor == sensor && s.boot != boot {
			if err := w.close(ctx, id, s, s.last, "crash", 0, 0, 0); err != nil {
				return err
			}
		}
	}
	rows, err := w.sql.stmt(ctx, earlierBoots).QueryContext(ctx, sensor, boot)
	if err != nil {
		return err
	}
	var boots []string
	for rows.Next() {
		var b string
		if err := rows.Scan(&b); err != nil {
			return err
		}
		boots = append(boots, b)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	for _, b := range boots {
		var note, visit int64
		if err := w.sql.row(ctx, lastOfBoot, b).Scan(&note); err != nil {
			return err
		}
		if err := w.sql.row(ctx, lastVisit, b).Scan(&visit); err != nil {
			return err
		}
		if err := w.sql.exec(ctx, endBoot, max(note, visit), b); err != nil {
			return err
		}
	}
	return nil
}
