;; Grows a table until somebody stops it.
(component
  (core module $m
    (table $t 1 funcref)
    (func $start
      (loop $again
        (drop (table.grow $t (ref.null func) (i32.const 1000)))
        (br $again)))
    (func (export "handle"))
    (start $start))
  (core instance $main (instantiate $m))
  (func $handle (canon lift (core func $main "handle")))
  (instance $replies (export "handle" (func $handle)))
  (export "portero:plugin/replies@0.1.0" (instance $replies)))
