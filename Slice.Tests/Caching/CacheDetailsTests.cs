using System.Text;
using Slice.Core.Caching;
using Slice.Tests.Support;

namespace Slice.Tests.Caching;

public class CacheDetailsTests
{
    [Fact]
    public void Every_detail_but_none_has_a_token_of_its_own_that_fits()
    {
        var tokens = Enum.GetValues<CacheDetail>().Where(detail => detail != CacheDetail.None)
            .Select(detail => Encoding.ASCII.GetString(detail.Token())).ToArray();

        Assert.All(tokens, token => Assert.Matches("^[a-z][a-z-]*[a-z]$", token));
        Assert.All(tokens, token => Assert.InRange(token.Length, 1, CacheDetails.MaxTokenBytes));
        Assert.Equal(tokens.Length, tokens.Distinct().Count());
        Assert.True(CacheDetail.None.Token().IsEmpty);
    }

    [Fact]
    public void Document_has_a_line_for_every_detail_in_their_order()
    {
        string[] lines =
        [
            .. Repository.Read("docs/configuration.md").Split("\n### Words of `detail`\n")[1].Split("\n#")[0].Split('\n')
                .Where(line => line.StartsWith("- `", StringComparison.Ordinal)),
        ];
        var details = Enum.GetValues<CacheDetail>().Where(detail => detail != CacheDetail.None);

        Assert.Equal(details.Select(detail => Encoding.ASCII.GetString(detail.Token())), lines.Select(line => line.Split('`')[1]));
        Assert.All(lines, line => Assert.Matches("`: .{20}", line));
    }

    [Fact]
    public void Longest_cache_status_fits_its_buffer()
    {
        var longest = Enum.GetValues<CacheDetail>().MaxBy(detail => detail.Token().Length);
        var status = new CacheStatus
        {
            Forward = ForwardReason.VaryMiss,
            ForwardStatus = int.MaxValue,
            IsStored = true,
            IsCollapsed = true,
            Hits = int.MaxValue,
            Slices = int.MaxValue,
            Detail = longest,
        };
        byte[] buffer = new byte[CacheStatus.MaxBytes];
        string text = Encoding.ASCII.GetString(buffer, 0, status.Write(buffer, long.MinValue));
        Assert.EndsWith("; detail=" + Encoding.ASCII.GetString(longest.Token()), text, StringComparison.Ordinal);
    }
}
