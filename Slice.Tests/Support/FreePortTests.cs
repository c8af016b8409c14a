using System.Globalization;

namespace Slice.Tests.Support;

public sealed class FreePortTests
{
    [Fact]
    public void Port_is_none_that_the_kernel_gives_by_itself()
    {
        string range = File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range");
        int first = int.Parse(range.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture);
        Assert.InRange(FreePort.Reserve(), 1024, first - 1);
    }

    [Fact]
    public void Rows_have_no_port_in_common()
    {
        int first = FreePort.ReserveRow(3);
        int second = FreePort.ReserveRow(3);
        Assert.Empty(Enumerable.Range(first, 3).Intersect(Enumerable.Range(second, 3)));
    }
}
