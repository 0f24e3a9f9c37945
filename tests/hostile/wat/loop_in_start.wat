;; Loops before anything of the plugin is called.
(component
  (core module $m
    (func $start (loop $again (br $again)))
    (func (export "handle"))
    (start $start))
  (core instance $main (instantiate $m))
  (func $handle (canon lift (core func $main "handle")))
  (instance $replies (export "handle" (func $handle)))
  (export "portero:plugin/replies@0.1.0" (instance $replies)))
