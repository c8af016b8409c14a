using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Slice.Tests.Support;

/// <summary>
/// Chromium without a window, spoken to by the DevTools protocol: one page, its console, and pictures of it. One call at a time; disposing
/// ends the browser.
/// </summary>
internal sealed class Browser : IAsyncDisposable
{
    private const string Announcement = "DevTools listening on ";

    // A browser on a busy machine of two cores takes seconds to start.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    private readonly TestDirectory _profile;
    private readonly ChildProcess _process;
    private readonly ClientWebSocket _socket = new();
    private readonly List<string> _complaints = [];
    private string? _session;
    private int _calls;

    private Browser(TestDirectory profile, ChildProcess process) => (_profile, _process) = (profile, process);

    /// <summary>
    /// What the browser has complained of so far: errors and warnings of the console, exceptions, violations of a policy.
    /// </summary>
    public IReadOnlyList<string> Complaints => _complaints;

    /// <summary>Starts a browser with an empty page.</summary>
    public static async Task<Browser> StartAsync()
    {
        var profile = new TestDirectory("browser");

        // Everything that would make the browser talk to anybody else is off; a container has neither a sandbox nor much of /dev/shm.
        var process = ChildProcess.Start(
            "chromium",
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
                "--hide-scrollbars", "--force-device-scale-factor=1", "--lang=en", "--remote-debugging-port=0",
                $"--user-data-dir={profile.Combine("profile")}", "about:blank",
            ],
            "Install Debian's package 'chromium': apt-get install chromium");
        var browser = new Browser(profile, process);
        try
        {
            await browser.ConnectAsync();
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sets the size of the page and whether it is to be dark.</summary>
    public async Task ShowAsAsync(int width, int height, bool isDark)
    {
        await CallAsync("Emulation.setDeviceMetricsOverride", new JsonObject
        {
            ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 500,
        });
        await CallAsync("Emulation.setEmulatedMedia", new JsonObject
        {
            ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = isDark ? "dark" : "light" }),
        });
    }

    /// <summary>Goes to a page.</summary>
    public Task OpenAsync(string url) => CallAsync("Page.navigate", new JsonObject { ["url"] = url });

    /// <summary>The value of an expression in the page, awaited when it is a promise; "undefined" has none.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var answer = await CallAsync("Runtime.evaluate", new JsonObject
        {
            ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true, ["userGesture"] = true,
        });
        return answer["exceptionDetails"] is { } problem
            ? throw new InvalidOperationException($"{expression}: {problem}")
            : answer["result"]!["value"];
    }

    /// <summary>Waits until an expression in the page is true.</summary>
    public Task TrueAsync(string expression, string what) => Eventually.TrueAsync(
        async () => await EvaluateAsync($"!!({expression})") is { } value && value.GetValue<bool>(),
        () => $"{what}; complaints:\n{string.Join('\n', _complaints)}",
        s_patience);

    /// <summary>Presses a key, as a person does.</summary>
    /// <param name="key">Its name, <c>Tab</c> or <c>Enter</c>.</param>
    /// <param name="code">Its code as of Windows.</param>
    public async Task PressAsync(string key, int code)
    {
        foreach (string type in (string[])["rawKeyDown", "char", "keyUp"])
        {
            if (type != "char" || key == "Enter")
            {
                await CallAsync("Input.dispatchKeyEvent", new JsonObject
                {
                    ["type"] = type, ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = code,
                    ["text"] = type == "char" ? "\r" : "",
                });
            }
        }
    }

    /// <summary>Types text to where the focus is.</summary>
    public Task TypeAsync(string text) => CallAsync("Input.insertText", new JsonObject { ["text"] = text });

    /// <summary>A picture of the whole page, as a PNG.</summary>
    public async Task<byte[]> TakePictureAsync(int? height = null)
    {
        var clip = await EvaluateAsync("({ width: innerWidth, height: document.documentElement.scrollHeight })");
        var answer = await CallAsync("Page.captureScreenshot", new JsonObject
        {
            ["format"] = "png",
            ["captureBeyondViewport"] = true,
            ["clip"] = new JsonObject
            {
                ["x"] = 0, ["y"] = 0, ["scale"] = 1, ["width"] = clip!["width"]!.GetValue<int>(),
                ["height"] = height ?? clip["height"]!.GetValue<int>(),
            },
        });
        return Convert.FromBase64String(answer["data"]!.GetValue<string>());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        if (!_process.HasExited)
        {
            await _process.StopAsync(s_patience);
        }

        _process.Dispose();
        _profile.Dispose();
    }

    private async Task ConnectAsync()
    {
        string? announced = null;
        await Eventually.TrueAsync(
            () =>
            {
                announced = _process.Lines.FirstOrDefault(line => line.StartsWith(Announcement, StringComparison.Ordinal));
                return announced is not null || _process.HasExited;
            },
            () => $"the browser says where it listens; its output:\n{_process.Output}",
            s_patience);
        await _socket.ConnectAsync(new Uri(announced![Announcement.Length..].Trim()), TestContext.Current.CancellationToken);
        var targets = await CallAsync("Target.getTargets", []);
        var page = targets["targetInfos"]!.AsArray().First(target => target!["type"]!.GetValue<string>() == "page")!;
        var attached = await CallAsync(
            "Target.attachToTarget", new JsonObject { ["targetId"] = page["targetId"]!.DeepClone(), ["flatten"] = true });
        _session = attached["sessionId"]!.GetValue<string>();
        foreach (string domain in (string[])["Page", "Runtime", "Log", "Audits"])
        {
            await CallAsync($"{domain}.enable", []);
        }
    }

    private async Task<JsonNode> CallAsync(string method, JsonObject parameters)
    {
        int id = ++_calls;
        var call = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        if (_session is not null)
        {
            call["sessionId"] = _session;
        }

        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        expiry.CancelAfter(s_patience);
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(call), WebSocketMessageType.Text, endOfMessage: true, expiry.Token);
        while (true)
        {
            var message = await ReceiveAsync(expiry.Token);
            if (message["id"]?.GetValue<int>() == id)
            {
                return message["error"] is { } error ? throw new InvalidOperationException($"{method}: {error}") : message["result"]!;
            }

            NoteComplaint(message);
        }
    }

    private void NoteComplaint(JsonNode message)
    {
        var what = message["params"];
        string? complaint = message["method"]?.GetValue<string>() switch
        {
            "Runtime.exceptionThrown" => what!["exceptionDetails"]!.ToJsonString(),
            "Runtime.consoleAPICalled" when what!["type"]!.GetValue<string>() is "error" or "warning" or "assert" => what.ToJsonString(),
            "Log.entryAdded" when what!["entry"]!["level"]!.GetValue<string>() is "error" or "warning" => what["entry"]!.ToJsonString(),
            "Audits.issueAdded" when what!["issue"]!["code"]!.GetValue<string>() == "ContentSecurityPolicyIssue" =>
                what["issue"]!.ToJsonString(),
            _ => null,
        };
        if (complaint is not null)
        {
            _complaints.Add(complaint);
        }
    }

    private async Task<JsonNode> ReceiveAsync(CancellationToken ct)
    {
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[64 << 10];
        WebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer, ct);
            bytes.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(bytes.ToArray())!;
    }
}
