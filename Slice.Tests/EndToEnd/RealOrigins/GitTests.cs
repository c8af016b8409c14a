using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>git's smart HTTP through the proxy: clone, a push that comes in chunks, and what others see of it.</summary>
public sealed class GitTests : IAsyncLifetime
{
    // More than git's http.postBuffer (1 MiB), so that a push has no length and git asks first whether it may.
    private const int FileBytes = 3 << 20;

    private readonly OriginFiles _files = new();
    private readonly TestDirectory _client = new("git");
    private RealServer? _origin;

    public async ValueTask InitializeAsync()
    {
        string repository = _files.MakeDirectory("site.git");
        await GitAsync("init", "-q", "--bare", "--shared=0777", "--initial-branch=main", repository);
        await GitAsync("-C", repository, "config", "http.receivepack", "true");

        // The account of the web server does not own the repository, and git wants to be told that this is meant.
        _origin = await ApacheServer.StartAsync($"""
            DocumentRoot {_files.Path}
            SetEnv GIT_PROJECT_ROOT {_files.Path}
            SetEnv GIT_HTTP_EXPORT_ALL 1
            SetEnv GIT_CONFIG_COUNT 1
            SetEnv GIT_CONFIG_KEY_0 safe.directory
            SetEnv GIT_CONFIG_VALUE_0 *
            ScriptAlias /git/ /usr/lib/git-core/git-http-backend/
            """);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (_origin?.DisposeAsync() ?? ValueTask.CompletedTask);
        _files.Dispose();
        _client.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B62")]
    public async Task Push_reaches_the_origin_and_the_next_fetch(bool isSliced)
    {
        await using var proxy = await Downloads.StartProxyAsync(_origin!, isSliced);
        string url = $"http://{proxy.EndPoint}/git/site.git";
        await GitAsync("clone", "-q", url, "writer");
        await GitAsync("clone", "-q", url, "reader");

        TestFiles.WriteContent(_client.Combine("writer/object.bin"), FileBytes, seed: 1);
        await PushAsync("first");
        await GitAsync("-C", "reader", "pull", "-q", "origin", "main");
        await AssertHasAsync("reader", seed: 1);

        TestFiles.WriteContent(_client.Combine("writer/object.bin"), FileBytes, seed: 2);
        await PushAsync("second");
        await GitAsync("-C", "reader", "pull", "-q", "origin", "main");
        await AssertHasAsync("reader", seed: 2);
        await GitAsync("clone", "-q", url, "later");
        await AssertHasAsync("later", seed: 2);
    }

    private async Task PushAsync(string message)
    {
        await GitAsync("-C", "writer", "add", ".");
        await GitAsync("-C", "writer", "-c", "user.name=w", "-c", "user.email=w@example.invalid", "commit", "-q", "-m", message);
        await GitAsync("-C", "writer", "push", "-q", "origin", "HEAD:main");
    }

    private async Task AssertHasAsync(string clone, int seed) => Assert.Equal(
        TestContent.Bytes(0, FileBytes, seed),
        await File.ReadAllBytesAsync(_client.Combine(clone + "/object.bin"), TestContext.Current.CancellationToken));

    private Task<string> GitAsync(params string[] arguments) => Tool.RunAsync("git", _client, arguments);
}
