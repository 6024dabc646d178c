package http

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	mrand "math/rand/v2"
	"net"
	"time"
)

// certificate describes the one that the device made itself when it was
// commissioned.
type certificate struct {
	Name         string   `toml:"name"`         // common name; default "${name}"
	Organization string   `toml:"organization"` // default none
	Unit         string   `toml:"unit"`
	Country      string   `toml:"country"`
	Key          string   `toml:"key"`   // "rsa2048" (default) or "p256"
	Days         int      `toml:"days"`  // validity; default 20 years
	Names        []string `toml:"names"` // further names, DNS or address
}

// keptCertificate is what State keeps: DER.
type keptCertificate struct {
	Certificate []byte `json:"certificate"`
	Key         []byte `json:"key"` // PKCS #8
}

// stateCertificate is the key of a device's certificate in its State: all its
// web services show the same.
const stateCertificate = "http.certificate"

func (h *handler) buildTLS() error {
	if !h.set.TLS {
		return nil
	}
	var kept keptCertificate
	if err := h.env.State.Load(stateCertificate, &kept); err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	if kept.Key == nil {
		made, err := h.makeCertificate()
		if err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
		if err := h.env.State.Save(stateCertificate, made); err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
		kept = made
	}
	key, err := x509.ParsePKCS8PrivateKey(kept.Key)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	h.tls = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{kept.Certificate}, PrivateKey: key}},
		NextProtos:   []string{"http/1.1"},
	}
	return h.tlsVersions()
}

// tlsVersions bounds the versions; a device that speaks old ones has the cipher
// suites of their time.
func (h *handler) tlsVersions() error {
	if h.set.Versions == nil {
		return nil
	}
	if len(h.set.Versions) != 2 {
		return fmt.Errorf("tls_versions: give the least and the greatest: [\"1.0\", \"1.2\"]")
	}
	bounds := [2]uint16{}
	for i, s := range h.set.Versions {
		switch s {
		case "1.0":
			bounds[i] = tls.VersionTLS10
		case "1.1":
			bounds[i] = tls.VersionTLS11
		case "1.2":
			bounds[i] = tls.VersionTLS12
		case "1.3":
			bounds[i] = tls.VersionTLS13
		default:
			return fmt.Errorf("tls_versions: no version %q", s)
		}
	}
	h.tls.MinVersion, h.tls.MaxVersion = bounds[0], bounds[1]
	if bounds[0] < tls.VersionTLS12 {
		for _, c := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			h.tls.CipherSuites = append(h.tls.CipherSuites, c.ID)
		}
	}
	return nil
}

// makeCertificate makes key and certificate. The key is as random as the
// machine can; State, not the seed, makes it the same at the next start.
func (h *handler) makeCertificate() (keptCertificate, error) {
	c := h.set.Certificate
	var signer crypto.Signer
	var err error
	switch c.Key {
	case "", "rsa2048":
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case "p256":
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return keptCertificate{}, fmt.Errorf("key: %q is neither rsa2048 nor p256", c.Key)
	}
	if err != nil {
		return keptCertificate{}, err
	}
	template, err := h.certificateTemplate()
	if err != nil {
		return keptCertificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return keptCertificate{}, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(signer)
	return keptCertificate{der, key}, err
}

// certificateTemplate fills in who and when: the certificate is some days older
// than the device's last start.
func (h *handler) certificateTemplate() (*x509.Certificate, error) {
	c, id := h.set.Certificate, &h.env.Device.Identity
	if c.Name == "" {
		c.Name = "${name}"
	}
	for _, s := range []*string{&c.Name, &c.Organization, &c.Unit, &c.Country} {
		var err error
		if *s, err = id.Expand(*s); err != nil {
			return nil, err
		}
	}
	if c.Days == 0 {
		c.Days = 7300
	}
	r := mrand.New(mrand.NewChaCha8(seed(h.env.Rand)))
	from := id.Boot.Add(-time.Duration(1+r.IntN(90*24)) * time.Hour).Truncate(time.Second).UTC()
	t := &x509.Certificate{
		SerialNumber: new(big.Int).SetUint64(r.Uint64() >> 1),
		Subject:      pkix.Name{CommonName: c.Name, Organization: list(c.Organization), OrganizationalUnit: list(c.Unit), Country: list(c.Country)},
		NotBefore:    from, NotAfter: from.AddDate(0, 0, c.Days),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range c.Names {
		name, err := id.Expand(name)
		if err != nil {
			return nil, err
		}
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	return t, nil
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func seed(r *mrand.Rand) (s [32]byte) {
	for i := range s {
		s[i] = byte(r.Uint32())
	}
	return s
}
