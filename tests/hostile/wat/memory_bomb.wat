;; Grows its memory by a mebibyte until somebody stops it.
(component
  (core module $m
    (memory 1)
    (func $start
      (loop $again
        (drop (memory.grow (i32.const 16)))
        (br $again)))
    (func (export "handle"))
    (start $start))
  (core instance $main (instantiate $m))
  (func $handle (canon lift (core func $main "handle")))
  (instance $replies (export "handle" (func $handle)))
  (export "portero:plugin/replies@0.1.0" (instance $replies)))
