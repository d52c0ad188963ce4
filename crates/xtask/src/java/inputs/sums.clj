; Clojure: lazy sequences, maps, an atom, a macro.
(defmacro twice [form] `(do ~form ~form))
(def seen (atom {}))
(defn collatz [n] (take-while #(not= 1 %) (iterate #(if (even? %) (quot % 2) (inc (* 3 %))) n)))
(doseq [n (range 1 400)]
  (swap! seen update (count (collatz n)) (fnil inc 0))
  (when (zero? (mod n 40)) (println n (count @seen))))
(twice (println (reduce + (map inc (range 1000)))))
(println (sort-by key @seen))
