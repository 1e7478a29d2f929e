package egress

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// forbidden has what opens a way to the network that does not go through this
// package, by import path. Functions and types alike: a variable of type net.Dialer
// is a door as well.
var forbidden = map[string]*regexp.Regexp{
	"net":                          regexp.MustCompile(`^(Dial.*|Resolver|DefaultResolver|Lookup.*|Resolve(IP|TCP|UDP)Addr|ListenPacket|ListenUDP|ListenMulticastUDP|ListenIP)$`),
	"crypto/tls":                   regexp.MustCompile(`^Dial.*$`),
	"net/http":                     regexp.MustCompile(`^(Get|Head|Post|PostForm|DefaultClient|DefaultTransport)$`),
	"net/smtp":                     regexp.MustCompile(`^(Dial|SendMail)$`),
	"net/rpc":                      regexp.MustCompile(`^Dial.*$`),
	"net/textproto":                regexp.MustCompile(`^Dial$`),
	"syscall":                      regexp.MustCompile(`^(Socket|Connect|Sendto|Sendmsg.*)$`),
	"golang.org/x/sys/unix":        regexp.MustCompile(`^(Socket|Connect|Sendto|Sendmsg.*)$`),
	"golang.org/x/net/proxy":       regexp.MustCompile(`.`),
	"golang.org/x/crypto/ssh":      regexp.MustCompile(`^Dial$`),
	"github.com/miekg/dns":         regexp.MustCompile(`^(Client|Dial.*|Exchange|ExchangeContext|ExchangeConn)$`),
	"github.com/zmap/zcrypto/tls":  regexp.MustCompile(`^Dial.*$`),
	"github.com/zmap/zcrypto/http": regexp.MustCompile(`^(Get|Head|Post|PostForm|DefaultClient|DefaultTransport)$`),
}

// required are the fields without which a literal falls back on a door of its own.
var required = map[string][]string{
	"net/http.Transport": {"DialContext", "DialTLSContext"},
	"net/http.Client":    {"Transport"},
}

// doors finds what of a file is forbidden.
func doors(fset *token.FileSet, f *ast.File) []string {
	imports := map[string]string{} // local name → path
	var found []string
	say := func(n ast.Node, format string, args ...any) {
		found = append(found, fmt.Sprintf("%s: %s", fset.Position(n.Pos()), fmt.Sprintf(format, args...)))
	}
	for _, i := range f.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		if name == "." && forbidden[path] != nil {
			say(i, "dot import of %s hides doors", path)
		}
		imports[name] = path
	}
	selector := func(n ast.Node) (path, name string) {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return "", ""
		}
		x, ok := s.X.(*ast.Ident)
		if !ok {
			return "", ""
		}
		return imports[x.Name], s.Sel.Name
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if path, name := selector(n); path != "" {
			if re := forbidden[path]; re != nil && re.MatchString(name) {
				say(n, "%s.%s", path, name)
			}
		}
		if c, ok := n.(*ast.CompositeLit); ok {
			path, name := selector(c.Type)
			if fields := required[path+"."+name]; fields != nil && !slices.ContainsFunc(c.Elts, func(e ast.Expr) bool {
				kv, ok := e.(*ast.KeyValueExpr)
				if !ok {
					return false
				}
				key, ok := kv.Key.(*ast.Ident)
				return ok && slices.Contains(fields, key.Name)
			}) {
				say(c, "%s.%s without %s", path, name, strings.Join(fields, " or "))
			}
		}
		return true
	})
	return found
}

// TestNobodyElseHasADoor holds the rule of the design (decision 2): everything dials
// through egress. The laboratory plays the other side and may open sockets.
func TestNobodyElseHasADoor(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	exempt := []string{"internal/egress", "internal/lab"}
	fset := token.NewFileSet()
	files := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() {
			if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || name == "vendor" || name == "testdata") || slices.Contains(exempt, filepath.ToSlash(rel)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files++
		for _, d := range doors(fset, f) {
			t.Error(d)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no file was looked at")
	}
}

func TestDoorsAreRecognised(t *testing.T) {
	for src, want := range map[string]int{
		`import "net"; var c, _ = net.Dial("tcp", "x")`:                                   1,
		`import "net"; var d net.Dialer`:                                                  1,
		`import n "net"; var a, _ = n.LookupHost("x")`:                                    1,
		`import . "net"; var d Dialer`:                                                    1,
		`import "net"; var l, _ = net.Listen("tcp", ":0")`:                                0,
		`import "net"; func f(c net.Conn) {}`:                                             0,
		`import "net"; var l, _ = net.ListenPacket("udp", ":0")`:                          1,
		`import "net/http"; var r, _ = http.Get("x")`:                                     1,
		`import "net/http"; var c = http.Client{}`:                                        1,
		`import "net/http"; var c = &http.Client{Transport: nil}`:                         0,
		`import "net/http"; var c = &http.Transport{ForceAttemptHTTP2: true}`:             1,
		`import "net/http"; var c = &http.Transport{DialContext: nil}`:                    0,
		`import "crypto/tls"; var c, _ = tls.Dial("tcp", "x", nil)`:                       1,
		`import "crypto/tls"; func f() { tls.Client(nil, nil) }`:                          0,
		`import "github.com/miekg/dns"; var c dns.Client`:                                 1,
		`import "github.com/miekg/dns"; var m dns.Msg; type T struct { Client *dns.Msg }`: 0,
	} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "x.go", "package x; "+src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := doors(fset, f); len(got) != want {
			t.Errorf("%s: %v, want %d", src, got, want)
		}
	}
}
