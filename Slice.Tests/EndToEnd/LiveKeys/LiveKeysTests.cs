using Slice.Core.Options;

namespace Slice.Tests.EndToEnd.LiveKeys;

/// <summary>
/// Every key that <see cref="OptionTable"/> calls live is applied by a reload: the next request behaves as the new value says (B68).
/// </summary>
public sealed class LiveKeysTests
{
    private static readonly LiveKeyRow[] s_rows =
    [
        .. OriginRows.All, .. CacheRows.All, .. PortRows.All, .. TimeoutRows.All, .. LimitRows.All,
    ];

    public static TheoryData<string> Names => [.. s_rows.Select(row => row.Key)];

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Behaviour", "B49")]
    public async Task Live_key_is_at_work_in_the_next_request_after_a_reload(string key)
    {
        var row = s_rows.Single(row => row.Key == key);
        await using var bed = await LiveKeyBed.StartAsync(row);

        await row.WalkAsync(bed);

        Assert.True(bed.IsReloaded);
    }

    [Fact]
    public void Rows_are_the_live_keys_of_the_table() => Assert.Equal(
        OptionTable.Keys.Where(key => key.Reload == OptionReload.Live).Select(key => key.Name).Order(StringComparer.Ordinal),
        s_rows.Select(row => row.Key).Order(StringComparer.Ordinal));
}
