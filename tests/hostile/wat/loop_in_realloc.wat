;; Loops where the host asks it for room.
(component
  (import "portero:plugin/types@0.1.0" (instance $types
    (type $errors (variant
      (case "denied" string) (case "limit" string) (case "timeout")
      (case "invalid" string) (case "unavailable")))
    (export "host-error" (type (eq $errors)))))
  (alias export $types "host-error" (type $host-error))
  (import "portero:plugin/config@0.1.0" (instance $config
    (alias outer 1 $host-error (type $outer-error))
    (export "host-error" (type $error (eq $outer-error)))
    (export "get" (func (result (result string (error $error)))))))
  (core module $shared
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (loop $again (br $again))
      (unreachable)))
  (core instance $shared (instantiate $shared))
  (core func $get (canon lower (func $config "get")
    (memory (core memory $shared "memory")) (realloc (core func $shared "realloc"))))
  (core instance $host (export "get" (func $get)))
  (core module $m
    (import "host" "get" (func $get (param i32)))
    (func $start (call $get (i32.const 0)))
    (func (export "handle"))
    (start $start))
  (core instance $main (instantiate $m (with "host" (instance $host))))
  (func $handle (canon lift (core func $main "handle")))
  (instance $replies (export "handle" (func $handle)))
  (export "portero:plugin/replies@0.1.0" (instance $replies)))
