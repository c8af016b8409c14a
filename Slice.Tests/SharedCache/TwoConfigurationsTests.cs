using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>Instances under one prefix that are told otherwise what one version is.</summary>
public sealed class TwoConfigurationsTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };

    public TwoConfigurationsTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    [Fact]
    public async Task Slices_that_only_agree_in_length_never_reach_an_instance_that_compares_tags()
    {
        await using var lax = await StartAsync(ValidatorStrength.Length);
        await using var strict = await StartAsync(ValidatorStrength.Strict);
        await lax[0].GetAsync("/file", "Range: bytes=0-3");
        await WrittenAsync(lax[0], 2);
        _file.Seed = 2;
        _file.ETag = "\"v2\"";
        _file.LastModified = new DateTimeOffset(2026, 1, 1, 0, 0, 2, TimeSpan.Zero);
        await lax[0].GetAsync("/file", "Range: bytes=4-7");
        await WrittenAsync(lax[0], 3);

        var answer = await strict[0].GetAsync("/file", "Range: bytes=0-7");

        Assert.Equal(TestContent.Bytes(0, 8, 2), answer.Body);
    }

    private static Task WrittenAsync(ProxyUnderTest proxy, int count) => Eventually.TrueAsync(
        () => proxy.Composition.Tier!.Meter.Writes.Read().Any(written => written.Key == "written" && written.Value >= count),
        () => "the tier to have it");

    private Task<Fleet> StartAsync(ValidatorStrength validator) => Fleet.StartAsync(
        _origin.Uri, 1, () => _server.Open(), options => options with { Validator = validator });
}
