# A small run from R with the packages curl and jsonlite (Debian: r-cran-curl r-cran-jsonlite).
library(curl)
library(jsonlite)
url <- Sys.getenv("AGNEZ_URL", "http://localhost:3000")

send <- function(method, path, body) {
  handle <- new_handle(customrequest = method, postfields = toJSON(body, auto_unbox = TRUE, digits = NA))
  handle_setheaders(handle, "Content-Type" = "application/json")
  reply <- curl_fetch_memory(paste0(url, path), handle)
  if (reply$status_code >= 300) stop(method, " ", path, ": ", rawToChar(reply$content))
}

# With upsert the cell is made when it is not there; an empty value begins the line anew.
send("PATCH", "/values/r-loss?upsert=true", list(board = "r", type = "line", name = "Loss", value = list()))

for (step in 0:49) {
  train <- exp(-step / 12)
  val <- train + step / 500
  send("POST", "/values/r-loss/points", list(train = list(c(step, train)), val = list(c(step, val))))
}

value <- sprintf("50 steps, train loss **%.4f**", train)
send("PATCH", "/values/r-note?upsert=true", list(board = "r", type = "text", name = "About this run", value = value))
