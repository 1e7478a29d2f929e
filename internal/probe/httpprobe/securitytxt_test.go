package httpprobe

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"peil/internal/fact"
)

func pgpKey(t *testing.T) (*openpgp.Entity, []byte) {
	t.Helper()
	e, err := openpgp.NewEntity("security", "", "security@example.nl", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return time.Now().Add(-time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	var pub bytes.Buffer
	if err := e.Serialize(&pub); err != nil {
		t.Fatal(err)
	}
	return e, pub.Bytes()
}

func sign(t *testing.T, e *openpgp.Entity, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, e.PrivateKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSecurityTxtSignature(t *testing.T) {
	key, pub := pgpKey(t)
	_, strange := pgpKey(t)
	gaps := map[string]fact.Gap{
		"key's place answers no more": fact.GapTimeout, "key at a place that is not public": fact.GapNotPublic,
		"three places for keys, and the third has it": fact.GapBudget,
	}
	stalled := []byte("stalled")
	const text = "Contact: mailto:security@example.nl\nEncryption: https://www.example.nl/key\n"
	for _, c := range []struct {
		name, file string
		key        []byte
		want       string
	}{
		{"signed", sign(t, key, text), pub, signatureValid},
		{"altered", strings.Replace(sign(t, key, text), "mailto:security", "mailto:burglar", 1), pub, signatureInvalid},
		{"another key", sign(t, key, text), strange, signatureNoKey},
		{"key cannot be fetched", sign(t, key, text), nil, signatureNoKey},
		{"key's place answers no more", sign(t, key, text), stalled, signatureNoKey},
		{"key at a place that is not public", sign(t, key, strings.Replace(text, "www.example.nl", "127.0.0.1", 1)), nil, signatureNoKey},
		{"three places for keys, and the third has it", sign(t, key, "Encryption: https://www.example.nl/1\nEncryption: https://www.example.nl/2\n"+text), pub, signatureNoKey},
		{"key named by fingerprint alone", sign(t, key, "Contact: x\nEncryption: openpgp4fpr:5f2de5521c63a801ab59ccb603d49de44b29100f\n"), pub, signatureNoKey},
		{"broken signature", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + text, pub, signatureMalformed},
		{"not signed", text, pub, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, secure(t, true, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/":
				case "/.well-known/security.txt":
					_, _ = io.WriteString(w, c.file)
				case "/key":
					if bytes.Equal(c.key, stalled) {
						<-r.Context().Done()
						return
					}
					if c.key != nil {
						_, _ = w.Write(c.key)
						return
					}
					fallthrough
				default:
					http.NotFound(w, r)
				}
			}))
			if bytes.Equal(c.key, stalled) {
				w.Timeout = 300 * time.Millisecond
			}
			s := w.Visit(t.Context(), siteName, siteAddr).HTTP.SecurityTxt
			if s == nil || s.Signature != c.want || string(s.Body) != c.file || s.KeyGap != gaps[c.name] {
				t.Fatalf("got %+v", s)
			}
			if (s.KeyID == "") != (c.want == "" || c.want == signatureMalformed) {
				t.Errorf("key ID %q", s.KeyID)
			}
		})
	}
}

func TestSecurityTxtWhereItStands(t *testing.T) {
	for _, c := range []struct {
		name   string
		serve  map[string]string
		body   string
		legacy bool
	}{
		{"well-known", map[string]string{"/.well-known/security.txt": "a"}, "a", false},
		{"legacy", map[string]string{"/security.txt": "b"}, "b", true},
		{"nowhere", nil, "", true},
		{"too long", map[string]string{"/.well-known/security.txt": strings.Repeat("x", 200_000)}, strings.Repeat("x", maxSecurityTxt), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, secure(t, false, func(w http.ResponseWriter, r *http.Request) {
				if b, ok := c.serve[r.URL.Path]; ok {
					_, _ = io.WriteString(w, b)
				} else if r.URL.Path != "/" {
					http.NotFound(w, r)
				}
			}))
			s := w.Visit(t.Context(), siteName, siteAddr).HTTP.SecurityTxt
			if string(s.Body) != c.body || (s.Legacy != nil) != c.legacy || s.Truncated != (len(c.body) == maxSecurityTxt) {
				t.Errorf("got %d bytes, legacy %v, truncated %v", len(s.Body), s.Legacy, s.Truncated)
			}
		})
	}
}

func TestSimilarityOfFamilies(t *testing.T) {
	at := func(body string, status int) *Visit {
		w := newWorld(t, secure(t, true, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		v := w.Visit(t.Context(), siteName, siteAddr)
		return v
	}
	good := at(goodPage, 200)
	if s := Compare(fact.Similarity{}, good, at(strings.Replace(goodPage, "Voorbeeld", "Anders", 1), 200)); s.Class != "same" || s.Distance == 0 || s.Scheme != "https" || s.Reason != "" || len(s.Ports4) != 1 {
		t.Errorf("a word differs: %+v", s)
	}
	if s := Compare(fact.Similarity{}, good, at(strings.Repeat("0123456789", 50), 200)); s.Class != "differs" {
		t.Errorf("another page: %+v", s)
	}
	if s := Compare(fact.Similarity{}, good, at(goodPage, 404)); s.Status4 != 200 || s.Status6 != 404 || s.Class != "same" {
		t.Errorf("another status: %+v", s)
	}
	// Deep pages, whose lines are indented by gigabytes: the same bytes are the same page,
	// and of others we do not know how much they differ.
	attributes := "<p"
	for i := range 300 {
		attributes += " a" + strconv.Itoa(i)
	}
	for _, deep := range []string{"<body>" + strings.Repeat("<div>", 90_000), strings.Repeat("<div>", 200_000), attributes + ">"} {
		page := at(deep, 200)
		if s := Compare(fact.Similarity{}, page, at(deep, 200)); s.Class != "same" || s.Distance != 0 || s.Gap != "" {
			t.Errorf("%.12s, twice the same: %+v", deep, s)
		}
		if s := Compare(fact.Similarity{}, page, at("<b>x</b>"+deep, 200)); s.Class != "" || s.Distance != 0 || s.Gap != fact.GapBudget {
			t.Errorf("%.12s, with another word: %+v", deep, s)
		}
		if s := Compare(fact.Similarity{}, page, at("<b>x</b>"+deep, 404)); s.Status6 != 404 || s.Class != "" || s.Gap != "" {
			t.Errorf("%.12s, with another status: %+v", deep, s)
		}
	}
	none := newWorld(t).Visit(t.Context(), siteName, siteAddr)
	if s := Compare(fact.Similarity{}, good, none); s.Reason != "no_answer_v6" || s.Gap != fact.GapUnmapped || s.Class != "" {
		t.Errorf("no answer: %+v", s)
	}
	both := *good
	both.HTTP.Plain = &fact.Fetch{Hops: []fact.Hop{{Status: 200}}}
	dead := *good
	dead.HTTP.Plain = &fact.Fetch{Hops: []fact.Hop{{Error: "refused"}}, End: fact.EndClientError}
	if s := Compare(fact.Similarity{}, &both, &dead); s.Reason != "ports_differ" || s.Gap != "" {
		t.Errorf("a port less: %+v", s)
	}
}
