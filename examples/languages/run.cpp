// A small run from C++17 with libcurl: g++ -std=c++17 run.cpp -lcurl -o run
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <curl/curl.h>

static size_t keep(char* data, size_t size, size_t count, void* text) {
    static_cast<std::string*>(text)->append(data, size * count);
    return size * count;
}

struct Agnez {
    std::string url = std::getenv("AGNEZ_URL") ? std::getenv("AGNEZ_URL") : "http://localhost:3000";
    CURL* curl = curl_easy_init();  // One handle: one connection for all requests.
    ~Agnez() { curl_easy_cleanup(curl); }

    void send(const char* method, const std::string& path, const std::string& body) {
        std::string answer, address = url + path;
        long status = 0;
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
        curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
        CURLcode code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (code != CURLE_OK) throw std::runtime_error(address + ": " + curl_easy_strerror(code));
        if (status >= 300) throw std::runtime_error(address + ": " + answer);
    }
};

template <class... Numbers>
static std::string print(const char* format, Numbers... numbers) {
    char text[256];
    std::snprintf(text, sizeof text, format, numbers...);
    return text;
}

int main() try {
    Agnez agnez;
    // With upsert the cell is made when it is not there; an empty value restarts the line.
    agnez.send("PATCH", "/values/cpp-loss?upsert=true", R"({"board":"cpp","type":"line","name":"Loss","value":[]})");
    double train = 0;
    for (int step = 0; step < 50; step++) {
        train = std::exp(-step / 12.0);
        double val = train + step / 500.0;
        agnez.send("POST", "/values/cpp-loss/points", print(R"({"train":[[%d,%.17g]],"val":[[%d,%.17g]]})", step, train, step, val));
    }
    const char* note = R"({"board":"cpp","type":"text","name":"About this run","value":"50 steps, train loss **%.4f**"})";
    agnez.send("PATCH", "/values/cpp-note?upsert=true", print(note, train));
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
