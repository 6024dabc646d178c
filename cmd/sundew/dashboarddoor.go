package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/sundew-ics/sundew/internal/web"
)

// dashboardAddress is where the dashboard is if nothing else is said.
const dashboardAddress = "127.0.0.1:8900"

// dashboardFlags say how the dashboard is reached.
type dashboardFlags struct {
	TLSCert string   `name:"tls-cert" placeholder:"FILE|self" env:"TLS_CERT" help:"Certificate with which the dashboard is served by TLS; self makes one."`
	TLSKey  string   `name:"tls-key" placeholder:"FILE" env:"TLS_KEY" help:"The certificate's key."`
	Host    []string `name:"host" placeholder:"NAME" env:"HOST" help:"A name or address by which the dashboard is called, besides localhost; repeatable."`
}

// door is where the dashboard listens.
type door struct {
	net.Listener
	cert    *tls.Certificate
	sum     string // SHA-256 of a certificate of our own making
	hosts   []string
	secrets *web.Secrets
}

// openDoor listens for the dashboard. An address that others can reach needs TLS
// and a password.
func openDoor(addr string, f dashboardFlags, dir directory) (*door, error) {
	a, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, usageError{fmt.Errorf("dashboard address %q: write IP:PORT, such as %s", addr, dashboardAddress)}
	}
	d := &door{hosts: lower(f.Host)}
	if !a.Addr().IsUnspecified() {
		d.hosts = append(d.hosts, a.Addr().String())
	}
	if d.secrets, err = web.OpenSecrets(string(dir)); err != nil {
		return nil, err
	}
	if !a.Addr().IsLoopback() {
		if f.TLSCert == "" {
			return nil, usageError{fmt.Errorf("the dashboard at %s could be reached by others, and without TLS its password could be read: give a certificate, or have one made (self); or keep it on 127.0.0.1 and use `ssh -L`", a)}
		}
		if _, set, err := d.secrets.Set(); err != nil {
			return nil, err
		} else if !set {
			return nil, usageError{fmt.Errorf("the dashboard at %s could be reached by others, and has no password: set one first with `sundew dashboard passwd --data %s`", a, dir)}
		}
	}
	if f.TLSCert != "" {
		if err := d.certificate(f, dir); err != nil {
			return nil, err
		}
	}
	d.Listener, err = net.Listen("tcp", addr)
	return d, err
}

func lower(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, strings.ToLower(s))
	}
	return out
}

func (d *door) certificate(f dashboardFlags, dir directory) error {
	cert, key := f.TLSCert, f.TLSKey
	if cert == "self" {
		cert, key = dir.path("dashboard.crt"), dir.path("dashboard.key")
		if err := makeCertificate(cert, key, append(d.hosts, "localhost", "127.0.0.1", "::1")); err != nil {
			return fmt.Errorf("making the dashboard's certificate: %w", err)
		}
	}
	c, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("the dashboard's certificate: %w; give its key with the flag that ends in tls-key", err)
	}
	if f.TLSCert == "self" {
		sum := sha256.Sum256(c.Certificate[0])
		d.sum = hex.EncodeToString(sum[:])
	}
	d.cert = &c
	return nil
}

// makeCertificate makes a certificate for the names, unless there is one that
// lasts. It says nothing of what it is for.
func makeCertificate(cert, key string, names []string) error {
	if c, err := tls.LoadX509KeyPair(cert, key); err == nil && time.Until(c.Leaf.NotAfter) > 30*24*time.Hour && covers(c.Leaf, names) {
		return nil
	}
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: names[0]}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, k.Public(), k)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
}

func covers(c *x509.Certificate, names []string) bool {
	for _, n := range names {
		if c.VerifyHostname(n) != nil {
			return false
		}
	}
	return true
}

// url is where the dashboard is.
func (d *door) url() string {
	scheme := "http"
	if d.cert != nil {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s/", scheme, d.Addr())
}

// sign is what the operator is told of the way in; token is "" where there is a
// password.
func (d *door) sign(token string) string {
	text := d.url()
	if d.sum != "" {
		text += "\n         its certificate has the SHA-256 " + d.sum
	}
	if token != "" {
		text += "\n         log in with " + token + " (once, within an hour), then set a password"
	}
	return text
}

// token is one for the first login, or "" where there is a password.
func (d *door) token() (string, error) {
	_, set, err := d.secrets.Set()
	if err != nil || set {
		return "", err
	}
	return d.secrets.Token(), nil
}

// taken says whether an error is that of an address which another uses.
func taken(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
