// Package weblab plays websites of every make over connections that somebody else
// accepted: redirects, headers, security.txt, pages, and servers that torment their
// clients.
package weblab
