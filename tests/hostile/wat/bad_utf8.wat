;; Logs bytes that are no UTF-8.
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
    (import "shared" "memory" (memory 1))
    (data (i32.const 8) "\ff\fe\fd")
    (func $start (call $write (i32.const 1) (i32.const 8) (i32.const 3)))
    (func (export "handle"))
    (start $start))
  (core instance $main (instantiate $m
    (with "host" (instance $host))
    (with "shared" (instance $shared))))
  (func $handle (canon lift (core func $main "handle")))
  (instance $replies (export "handle" (func $handle)))
  (export "portero:plugin/replies@0.1.0" (instance $replies)))
