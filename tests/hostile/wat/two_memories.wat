;; Two memories that are small enough one by one and too large together.
(component
  (core module $m
    (memory 600)
    (func (export "handle")))
  (core instance $first (instantiate $m))
  (core instance $main (instantiate $m))
  (func $handle (canon lift (core func $main "handle")))
  (instance $replies (export "handle" (func $handle)))
  (export "portero:plugin/replies@0.1.0" (instance $replies)))
