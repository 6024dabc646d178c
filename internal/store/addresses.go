package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Addresses stand in blocks besides, by number: thousands are read in a few rows.
const (
	blockSources = 256
	addrLen      = 16
)

// block is the addresses of the latest sources, which grows.
type block struct {
	at    uint32 // its number
	addrs []byte
	dirty bool
}

// loadBlock reads the latest block, and makes those anew that are missing, as they are
// in a store of before they were.
func (w *Writer) loadBlock(ctx context.Context) error {
	q := w.sql
	err := q.row(ctx, `SELECT block, addrs FROM addresses ORDER BY block DESC LIMIT 1`).Scan(&w.block.at, &w.block.addrs)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	behind := int64(w.block.at)*blockSources + int64(len(w.block.addrs)/addrLen)
	if behind > int64(w.lastSource) {
		return nil
	}
	type source struct {
		key  uint32
		addr []byte
	}
	for more := true; more; {
		var list []source
		err := q.each(ctx, `SELECT key, addr FROM sources WHERE key >= $1 ORDER BY key LIMIT $2`, func(rows *sql.Rows) error {
			var s source
			err := rows.Scan(&s.key, &s.addr)
			list = append(list, s)
			return err
		}, behind, 100*blockSources)
		if err != nil {
			return err
		}
		for _, s := range list {
			if err := w.address(ctx, s.key, s.addr); err != nil {
				return err
			}
			behind = int64(s.key) + 1
		}
		more = len(list) > 0
	}
	return w.flushBlock(ctx)
}

// address takes a new source's address.
func (w *Writer) address(ctx context.Context, key uint32, addr []byte) error {
	b := &w.block
	if key/blockSources != b.at {
		if err := w.flushBlock(ctx); err != nil {
			return err
		}
		b.at, b.addrs = key/blockSources, b.addrs[:0]
	}
	from := int(key%blockSources) * addrLen
	for len(b.addrs) < from+addrLen {
		b.addrs = append(b.addrs, 0)
	}
	copy(b.addrs[from:], addr)
	b.dirty = true
	return nil
}

// flushBlock writes the block, if it has grown.
func (w *Writer) flushBlock(ctx context.Context) error {
	if !w.block.dirty {
		return nil
	}
	w.block.dirty = false
	return w.sql.exec(ctx, putBlock, w.block.at, w.block.addrs)
}

// addrs are the addresses of sources.
func (s *Store) addrs(ctx context.Context, keys []uint32) (map[uint32]netip.Addr, error) {
	out := make(map[uint32]netip.Addr, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	keys = slices.Sorted(slices.Values(keys))
	var blocks []uint32
	for _, key := range keys {
		if b := key / blockSources; len(blocks) == 0 || blocks[len(blocks)-1] != b {
			blocks = append(blocks, b)
		}
	}
	for chunk := range slices.Chunk(blocks, 500) {
		w := &where{}
		in(w, "block", chunk)
		err := each(ctx, s.db, "SELECT block, addrs FROM addresses"+w.String(), w.args, func(rows *sql.Rows) error {
			var at uint32
			var b sql.RawBytes
			if err := rows.Scan(&at, &b); err != nil {
				return err
			}
			i, _ := slices.BinarySearch(keys, at*blockSources)
			for ; i < len(keys) && keys[i]/blockSources == at; i++ {
				if from := int(keys[i]%blockSources) * addrLen; from+addrLen <= len(b) {
					out[keys[i]] = addressOf(b[from : from+addrLen])
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
	}
	return out, nil
}
