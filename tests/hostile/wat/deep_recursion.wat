;; Calls itself until the wasm stack is used up.
(component
  (core module $m
    (func $deeper (param i64) (result i64)
      (i64.add (call $deeper (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
    (func $start (drop (call $deeper (i64.const 0))))
    (func (export "handle"))
    (start $start))
  (core instance $main (instantiate $m))
  (func $handle (canon lift (core func $main "handle")))
  (instance $replies (export "handle" (func $handle)))
  (export "portero:plugin/replies@0.1.0" (instance $replies)))
