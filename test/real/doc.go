// Package real holds tests that set Peil's TLS prober beside independent eyes
// (openssl, sslscan, testssl.sh) in front of real servers (nginx, Apache, HAProxy,
// stunnel, GnuTLS, NSS, OpenSSL) on loopback. `make programs` installs them.
package real
