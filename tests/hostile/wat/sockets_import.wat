;; Wants the network itself.
(component
  (import "wasi:sockets/tcp@0.2.0" (instance))
  (core module $m (func (export "handle")))
  (core instance $main (instantiate $m))
  (func $handle (canon lift (core func $main "handle")))
  (instance $replies (export "handle" (func $handle)))
  (export "portero:plugin/replies@0.1.0" (instance $replies)))
