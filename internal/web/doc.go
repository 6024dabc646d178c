// Package web is the dashboard's server: the JSON API under /api/v1, as
// openapi.json describes it, its login, and the pages that use it. It reads the
// store and what cmd hands it of the running sensor; it has no part in serving
// visitors.
package web
