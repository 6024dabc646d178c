package webhook

import (
	"crypto/tls"
	"io"
	"log"
)

func serverTLS(pair tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}

// quiet takes what a server says of refused handshakes.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
