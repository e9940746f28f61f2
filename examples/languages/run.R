# A small run from R with the package curl (Debian: r-cran-curl).
library(curl)
url <- Sys.getenv("AGNEZ_URL", "http://localhost:3000")

send <- function(method, path, body) {
  handle <- new_handle(customrequest = method, postfields = body)
  handle_setheaders(handle, "Content-Type" = "application/json")
  reply <- curl_fetch_memory(paste0(url, path), handle)
  if (reply$status_code >= 300) stop(method, " ", path, ": ", rawToChar(reply$content))
}

# With upsert the cell is made when it is not there; an empty value restarts the line.
send("PATCH", "/values/r-loss?upsert=true", '{"board":"r","type":"line","name":"Loss","value":[]}')

for (step in 0:49) {
  train <- exp(-step / 12)
  val <- train + step / 500
  # 17 digits are all that a double has; jsonlite would write 15.
  send("POST", "/values/r-loss/points", sprintf('{"train":[[%d,%.17g]],"val":[[%d,%.17g]]}', step, train, step, val))
}

note <- '{"board":"r","type":"text","name":"About this run","value":"50 steps, train loss **%.4f**"}'
send("PATCH", "/values/r-note?upsert=true", sprintf(note, train))
