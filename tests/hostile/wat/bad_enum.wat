;; Logs with a level that does not exist.
(component
  (import "portero:plugin/log@0.1.0" (instance $log
    (type $levels (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $levels)))
    (export "write" (func (param "level" $level) (param "message" string)))))
  (core module $shared (memory (export "memory") 2))
  (core instance $shared (instantiate $shared))
  (core func $write (canon lower (func $log "write") (memory (core memory $shared "memory"))))
  (core instance $host (export "write" (func $write)))
  (core module $m
    (import "host" "write" (func $write (param i32 i32 i32)))
    (func $start (call $write (i32.const 9) (i32.const 0) (i32.const 0)))
    (func (export "handle"))
    (start $start))
  (core instance $main (instantiate $m (with "host" (instance $host))))
  (func $handle (canon lift (core func $main "handle")))
  (instance $replies (export "handle" (func $handle)))
  (export "portero:plugin/replies@0.1.0" (instance $replies)))
