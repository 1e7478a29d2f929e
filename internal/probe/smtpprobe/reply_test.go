package smtpprobe

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"peil/internal/fact"
)

func TestReplies(t *testing.T) {
	for in, want := range map[string]struct {
		code     int
		enhanced string
		lines    int
		err      error
		rest     string
	}{
		"220 mx ESMTP\r\n":                     {220, "", 1, nil, ""},
		"220\r\n":                              {220, "", 1, nil, ""},
		"220 \n":                               {220, "", 1, nil, ""},
		"250-a\r\n250-b\r\n250 c\r\n":          {250, "", 3, nil, ""},
		"250-a\r\n250\r\nmore":                 {250, "", 2, nil, "more"},
		"450 4.7.1 wait\r\n":                   {450, "4.7.1", 1, nil, ""},
		"550 4.7.1 the class is not that\r\n":  {550, "", 1, nil, ""},
		"550 5.07.1 a zero in front\r\n":       {550, "", 1, nil, ""},
		"354 3.1.1 there is no such class\r\n": {354, "", 1, nil, ""},
		"221 2.0.0 bye\r\n221 again\r\n":       {221, "2.0.0", 1, nil, "221 again\r\n"},
		"220-a\r\n421 b\r\n":                   {220, "", 2, errMixed, ""},
		"220x\r\n":                             {0, "", 1, errNoSMTP, ""},
		"22\r\n":                               {0, "", 1, errNoSMTP, ""},
		"\r\n":                                 {0, "", 1, errNoSMTP, ""},
		"120 preliminary\r\n":                  {0, "", 1, errNoSMTP, ""},
		"620 beyond\r\n":                       {0, "", 1, errNoSMTP, ""},
		"HTTP/1.1 400 Bad Request\r\n":         {0, "", 1, errNoSMTP, ""},
		"250-a\r\nhello\r\n":                   {250, "", 2, errNoSMTP, ""},
		"":                                     {0, "", -1, io.ErrUnexpectedEOF, ""},
		"220 cut off":                          {0, "", 1, io.ErrUnexpectedEOF, ""},
		"220-one\r\n220 t":                     {220, "", 1, io.ErrUnexpectedEOF, ""},
	} {
		for name, from := range map[string]io.Reader{
			"whole": strings.NewReader(in), "byte by byte": iotest.OneByteReader(strings.NewReader(in)), "end with the last": iotest.DataErrReader(strings.NewReader(in)),
		} {
			r := &replies{from: from}
			got, err := r.reply(nil)
			if !errors.Is(err, want.err) {
				t.Errorf("%q %s: %v, want %v", in, name, err, want.err)
			}
			if got == nil {
				if want.lines >= 0 {
					t.Errorf("%q %s: nothing", in, name)
				}
				continue
			}
			if got.Code != want.code || got.Enhanced != want.enhanced || len(got.Lines) != want.lines {
				t.Errorf("%q %s: %+v", in, name, got)
			}
			rest, _ := io.ReadAll(io.MultiReader(bytes.NewReader(r.rest), r.from))
			if err == nil && string(rest) != want.rest {
				t.Errorf("%q %s: left %q", in, name, rest)
			}
		}
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	long := "250-" + strings.Repeat("é", 2000) + "\r\n"
	r := &replies{from: strings.NewReader(strings.Repeat(long, 14) + "250 \x1b[31m\xff end\r\n")}
	got, err := r.reply(nil)
	if err != nil || len(got.Lines) != 15 || len(got.Lines[0]) > keptOctets || !utf8.ValidString(got.Lines[0]) {
		t.Fatalf("%v %+v", err, got)
	}
	if got.Lines[14] != "250 \ufffd[31m\ufffd end" {
		t.Errorf("%q", got.Lines[14])
	}
	for name, in := range map[string]string{
		"lines": strings.Repeat("250-a\r\n", 100000), "a line": "250 " + strings.Repeat("x", 1<<20), "octets": strings.Repeat("250-"+strings.Repeat("x", 3000)+"\r\n", 1000),
	} {
		from := strings.NewReader(in)
		r := &replies{from: from}
		got, err := r.reply(nil)
		if !errors.Is(err, errFlood) || got == nil || len(got.Lines) > keptLines || r.all > maxOctets+8<<10 {
			t.Errorf("%s: %v, %d octets read", name, err, r.all)
		}
	}
}

func TestKeywords(t *testing.T) {
	d := NewDialogue("[192.0.2.1]", Patience{})
	in := "250-mx.example.test STARTTLS\r\n250-size 1000\r\n250-AUTH=LOGIN PLAIN\r\n250-starttls\r\n250-8BITMIME\r\n250--x\r\n250-\r\n250-a b c\r\n250-É\r\n250 X-OURS\r\n"
	if _, err := (&replies{from: strings.NewReader(in)}).reply(d.extensions); err != nil {
		t.Fatal(err)
	}
	if want := []string{"SIZE", "AUTH", "STARTTLS", "8BITMIME", "A", "X-OURS"}; !slices.Equal(d.SMTP.Keywords, want) {
		t.Errorf("%q", d.SMTP.Keywords)
	}
	for word, want := range map[string]bool{"XXXXXXXA": true, "XXXX": true, "XXXXB": true, "XXX": false, "XXXXBC": false, "XCLIENT": false, "STARTTLS": false, "XEXCH50": false} {
		if overwritten(word) != want {
			t.Errorf("%s", word)
		}
	}
}

func FuzzReply(f *testing.F) {
	for _, s := range []string{
		"220 mx ESMTP\r\n", "250-a\r\n250 b\n", "421 4.3.2 x\r\n", "220-a\r\n250 b\r\n", "\x16\x03\x01\x02\x00", "250", "250-" + strings.Repeat("x", 5000), "250 \xff\x00\r\n", "599\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := &replies{from: bytes.NewReader(in)}
		got, err := r.reply(func(_ int, text []byte) {
			if k := keyword(text); len(k) > 64 || strings.ContainsAny(k, " \r\n") {
				t.Errorf("keyword %q", k)
			}
		})
		slow := &replies{from: iotest.OneByteReader(bytes.NewReader(in))}
		again, err2 := slow.reply(nil)
		if (err == nil) != (err2 == nil) || err == nil && !equal(got, again) {
			t.Errorf("%+v %v, byte by byte %+v %v", got, err, again, err2)
		}
		if err == nil && (got == nil || got.Code < 200 || got.Code > 599) {
			t.Errorf("%+v", got)
		}
		if got == nil {
			return
		}
		if len(got.Lines) > keptLines {
			t.Errorf("%d lines", len(got.Lines))
		}
		for _, l := range got.Lines {
			if len(l) > keptOctets || !utf8.ValidString(l) || strings.ContainsAny(l, "\r\n\x00\x1b") {
				t.Errorf("line %q", l)
			}
		}
	})
}

func equal(a, b *fact.Reply) bool {
	return a.Code == b.Code && a.Enhanced == b.Enhanced && slices.Equal(a.Lines, b.Lines)
}
