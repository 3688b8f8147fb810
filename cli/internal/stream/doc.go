// Package stream is standard input, standard output and standard error: input in bounded [Lines], output through an
// [Outlet], which holds nobody up once the program is to end, and what the terminal behind them is like.
package stream
